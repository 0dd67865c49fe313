"""GATHER against the oracle: constant and computed positions along any axis, with and without batches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from tests.flatbuffer_builder import ModelBuilder
from tests.operators.harness import BATCHES, compare
from tests.operators.moving import check, refusal, seeds
from tests.operators.picking import grow_gather


@BATCHES
@given(seeds)
def test_every_tensor_is_the_oracles(tmp_path_factory: pytest.TempPathFactory, numbers: list[int]) -> None:
    check(grow_gather, numbers, Path(tmp_path_factory.mktemp("gather")), ranks=(1, 4))


def computed(extent: int, table: bool, axis: int = 1) -> bytes:
    """The slices of a tensor, or of a table of constants, at the largest values of another."""
    builder = ModelBuilder()
    scores = builder.tensor((6, 5), "INT8", 0.5, 3)
    along = builder.tensor((), "INT32", data=np.array(axis))
    largest = builder.tensor((5,) if axis == 0 else (6,), "INT32")
    builder.operator("ARG_MAX", [scores, along], [largest], OutputType=2)
    data = np.random.default_rng(extent).integers(-128, 128, (extent, 3)) if table else None
    source = builder.tensor((extent, 3), "INT8", 0.25, -7, data=data)
    made = builder.tensor((*builder.tensors[largest].shape, 3), "INT8", 0.25, -7)
    builder.operator("GATHER", [source, largest], [made])
    return builder.build([scores] if table else [scores, source], [made])


def test_computed_positions(tmp_path: Path) -> None:
    cases = [(extent, table, 0) for extent in (6, 7) for table in (False, True)]
    cases += [(extent, table, 1) for extent in (5, 9) for table in (False, True)]
    models = [computed(extent, table, axis) for extent, table, axis in cases]
    assert compare(cases, models, tmp_path) == len(cases)
    assert "may lie beyond an axis of 4" in refusal(computed(4, table=True))
    assert "may lie beyond an axis of 5" in refusal(computed(5, table=True, axis=0))


def model(
    positions: list[int], output: tuple[int, ...], dtype: str = "INT32", axis: int = 0, batches: int = 0
) -> bytes:
    builder = ModelBuilder()
    source = builder.tensor((4, 3), "INT8", 0.5, 3)
    constant = builder.tensor((len(positions),), dtype, data=np.array(positions))
    made = builder.tensor(output, "INT8", 0.5, 3)
    builder.operator("GATHER", [source, constant], [made], Axis=axis, BatchDims=batches)
    return builder.build([source], [made])


def test_what_the_reference_does_not_take_is_refused() -> None:
    assert refusal(model([3, 0], (2, 3), axis=-2)) == "compiled"
    assert "positions 0 to 4 of an axis of 4" in refusal(model([0, 4], (2, 3)))
    assert "positions -1 to 0 of an axis of 4" in refusal(model([0, -1], (2, 3)))
    assert "where (2, 3) follows" in refusal(model([0, 1], (2, 4)))
    assert "of type UINT8" in refusal(model([0, 1], (2, 3), dtype="UINT8"))
    assert "axis 2 of (4, 3)" in refusal(model([0, 1], (2, 3), axis=2))
    assert "axis -3 of (4, 3)" in refusal(model([0, 1], (2, 3), axis=-3))
    assert "with 1 batch axes" in refusal(model([0, 1], (2, 3), batches=1))
    assert "the batches of (4, 3) and (2,) differ" in refusal(model([0, 1], (4,), axis=1, batches=1))

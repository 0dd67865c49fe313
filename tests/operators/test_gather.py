"""GATHER against the oracle: constant positions along any axis, with and without batches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from tests.flatbuffer_builder import ModelBuilder
from tests.operators.harness import BATCHES
from tests.operators.moving import check, refusal, seeds
from tests.operators.picking import grow_gather


@BATCHES
@given(seeds)
def test_every_tensor_is_the_oracles(tmp_path_factory: pytest.TempPathFactory, numbers: list[int]) -> None:
    check(grow_gather, numbers, Path(tmp_path_factory.mktemp("gather")), ranks=(1, 4))


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

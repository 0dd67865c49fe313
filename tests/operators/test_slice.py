"""SLICE against the oracle: any box in one to five axes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from tests.flatbuffer_builder import ModelBuilder
from tests.operators.harness import BATCHES
from tests.operators.moving import check, refusal, seeds
from tests.operators.picking import grow_slice


@BATCHES
@given(seeds)
def test_every_tensor_is_the_oracles(tmp_path_factory: pytest.TempPathFactory, numbers: list[int]) -> None:
    check(grow_slice, numbers, Path(tmp_path_factory.mktemp("slice")), ranks=(1, 5))


def model(begin: list[int], size: list[int], output: tuple[int, ...], dtype: str = "INT32") -> bytes:
    builder = ModelBuilder()
    shape = (4, 3) if len(begin) < 6 else (1,) * len(begin)
    source = builder.tensor(shape, "INT8", 0.5, 3)
    box = [builder.tensor((len(each),), dtype, data=np.array(each)) for each in (begin, size)]
    made = builder.tensor(output, "INT8", 0.5, 3)
    builder.operator("SLICE", [source, *box], [made])
    return builder.build([source], [made])


def test_what_the_reference_does_not_take_is_refused() -> None:
    assert refusal(model([1, 0], [2, -1], (2, 3))) == "compiled"
    assert "3 indices from 2 on of an axis of 4" in refusal(model([2, 0], [3, 3], (3, 3)))
    assert "2 indices from -1 on" in refusal(model([-1, 0], [2, 3], (2, 3)))
    assert "-2 indices from 0 on" in refusal(model([0, 0], [-2, 3], (2, 3)))
    assert "not (2, 3)" in refusal(model([1, 0], [2, -1], (2, 2)))
    assert "no integer constant of 2 values" in refusal(model([1], [2], (2, 3)))
    assert "no integer constant" in refusal(model([1, 0], [2, 3], (2, 3), dtype="INT16"))
    assert "has 6 axes" in refusal(model([0] * 6, [1] * 6, (1,) * 6))

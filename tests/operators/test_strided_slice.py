"""STRIDED_SLICE against the oracle: any stride, masks, shrunk axes, indices beyond the ends."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from tests.flatbuffer_builder import ModelBuilder
from tests.operators.harness import BATCHES
from tests.operators.moving import check, refusal, seeds
from tests.operators.picking import grow_strided_slice


@BATCHES
@given(seeds)
def test_every_tensor_is_the_oracles(tmp_path_factory: pytest.TempPathFactory, numbers: list[int]) -> None:
    check(grow_strided_slice, numbers, Path(tmp_path_factory.mktemp("strided_slice")), ranks=(1, 4))


def model(
    begin: list[int], end: list[int], strides: list[int], output: tuple[int, ...], **options: object
) -> bytes:
    builder = ModelBuilder()
    shape = (4, 3) if len(begin) < 5 else (1,) * len(begin)
    source = builder.tensor(shape, "INT8", 0.5, 3)
    constants = [builder.tensor((len(each),), "INT32", data=np.array(each)) for each in (begin, end, strides)]
    made = builder.tensor(output, "INT8", 0.5, 3)
    builder.operator("STRIDED_SLICE", [source, *constants], [made], **options)
    return builder.build([source], [made])


def test_what_the_reference_does_not_take_is_refused() -> None:
    assert refusal(model([-1, 0], [-9, 3], [-2, 1], (2, 3))) == "compiled"
    assert refusal(model([1, 0], [0, 3], [1, 1], (3,), ShrinkAxisMask=1)) == "compiled"
    assert "has a stride of 0" in refusal(model([0, 0], [4, 3], [0, 1], (4, 3)))
    assert "where (2, 3) follows" in refusal(model([0, 0], [4, 3], [2, 1], (4, 3)))
    assert "index 4 of axis 0" in refusal(model([4, 0], [5, 3], [1, 1], (3,), ShrinkAxisMask=1))
    assert "stride -1, is to stand alone" in refusal(model([1, 0], [0, 3], [-1, 1], (3,), ShrinkAxisMask=1))
    assert "ellipsis_mask is 1" in refusal(model([0, 0], [4, 3], [1, 1], (4, 3), EllipsisMask=1))
    assert "new_axis_mask is 2" in refusal(model([0, 0], [4, 3], [1, 1], (4, 3), NewAxisMask=2))
    assert "counts from its begin" in refusal(model([0, 0], [4, 3], [1, 1], (4, 3), Offset=True))
    assert "no int32 constant of 2 values" in refusal(model([0], [4], [1], (4, 3)))
    assert "has 5 axes" in refusal(model([0] * 5, [1] * 5, [1] * 5, (1,) * 5))

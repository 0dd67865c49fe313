"""SPLIT against the oracle: any axis, one output to as many as there are indices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from tests.flatbuffer_builder import ModelBuilder
from tests.operators.harness import BATCHES
from tests.operators.joining import grow_split
from tests.operators.moving import check, refusal, seeds


@BATCHES
@given(seeds)
def test_every_tensor_is_the_oracles(tmp_path_factory: pytest.TempPathFactory, numbers: list[int]) -> None:
    check(grow_split, numbers, Path(tmp_path_factory.mktemp("split")), ranks=(1, 6))


def model(
    axis: int | None, *outputs: tuple[int, ...], splits: int = 2, constant_input: bool = False
) -> bytes:
    builder = ModelBuilder()
    data = np.zeros((4, 3)) if constant_input else None
    source = builder.tensor((4, 3), "INT8", 0.5, 3, data=data)
    given_axis = builder.tensor((), "INT32", data=None if axis is None else np.array(axis))
    made = [builder.tensor(shape, "INT8", 0.5, 3) for shape in outputs]
    builder.operator("SPLIT", [given_axis, source], made, NumSplits=splits)
    inputs = [tensor for tensor in (source, given_axis) if builder.tensors[tensor].data is None]
    return builder.build(inputs, made)


def test_what_does_not_fit_is_refused() -> None:
    assert refusal(model(-2, (2, 3), (2, 3))) == "compiled"
    assert "its axis is no constant in range" in refusal(model(2, (2, 3), (2, 3)))
    assert "its axis is no constant in range" in refusal(model(None, (2, 3), (2, 3)))
    assert "its outputs differ in shape" in refusal(model(0, (1, 3), (3, 3)))
    assert "2 indices of axis 0 of (4, 3) are used" in refusal(model(0, (1, 3), (1, 3)))
    assert "differ beyond axis 0" in refusal(model(0, (2, 2), (2, 2)))
    assert "has 2 outputs" in refusal(model(0, (2, 3), (2, 3), splits=3))
    assert "is a constant" in refusal(model(0, (2, 3), (2, 3), constant_input=True))

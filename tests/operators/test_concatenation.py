"""CONCATENATION against the oracle: any axis, many inputs, constants and the same tensor twice among them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given

from tests.flatbuffer_builder import ModelBuilder
from tests.operators.harness import BATCHES
from tests.operators.joining import grow_concatenation
from tests.operators.moving import check, refusal, seeds


@BATCHES
@given(seeds)
def test_every_tensor_is_the_oracles(tmp_path_factory: pytest.TempPathFactory, numbers: list[int]) -> None:
    check(grow_concatenation, numbers, Path(tmp_path_factory.mktemp("concatenation")), ranks=(1, 6))


def model(
    *shapes: tuple[int, ...],
    axis: int = 1,
    output: tuple[int, ...] = (1, 6),
    activation: int = 0,
    zero: int = 3,
    scale: float = 0.5,
) -> bytes:
    builder = ModelBuilder()
    inputs = [builder.tensor(shape, "INT8", 0.5, 3) for shape in shapes]
    made = builder.tensor(output, "INT8", scale, zero)
    builder.operator("CONCATENATION", inputs, [made], Axis=axis, FusedActivationFunction=activation)
    return builder.build(inputs, [made])


def test_what_the_reference_does_not_take_is_refused() -> None:
    assert refusal(model((1, 2), (1, 4))) == "compiled"
    assert "the fused activation RELU" in refusal(model((1, 2), (1, 4), activation=1))
    assert "differ in scale or zero point" in refusal(model((1, 2), (1, 4), zero=4))
    assert "differ in scale or zero point" in refusal(model((1, 2), (1, 4), scale=0.50000006))
    assert "differ beyond axis 1" in refusal(model((1, 2), (2, 4)))
    assert "differ beyond axis 1" in refusal(model((1, 2), (1, 4, 1)))
    assert "5 indices of axis 1 of (1, 6) are used" in refusal(model((1, 2), (1, 3)))
    assert "axis 2 of (1, 6)" in refusal(model((1, 2), (1, 4), axis=2))
    assert "has 11 inputs" in refusal(model(*[(1, 1)] * 11, output=(1, 11)))
    assert "axis 1 of" in refusal(model((1,) * 7, (1,) * 7, output=(1, 2, 1, 1, 1, 1, 1)))

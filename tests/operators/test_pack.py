"""PACK against the oracle: any new axis, constants and the same tensor twice among the inputs."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given

from tests.flatbuffer_builder import ModelBuilder
from tests.operators.harness import BATCHES
from tests.operators.joining import grow_pack
from tests.operators.moving import check, refusal, seeds


@BATCHES
@given(seeds)
def test_every_tensor_is_the_oracles(tmp_path_factory: pytest.TempPathFactory, numbers: list[int]) -> None:
    check(grow_pack, numbers, Path(tmp_path_factory.mktemp("pack")), ranks=(0, 5))


def model(axis: int, output: tuple[int, ...], count: int = 2, second: tuple[int, ...] = (3,)) -> bytes:
    builder = ModelBuilder()
    inputs = [builder.tensor((3,), "INT8", 0.5, 3), builder.tensor(second, "INT8", 0.5, 3)]
    made = builder.tensor(output, "INT8", 0.5, 3)
    builder.operator("PACK", inputs, [made], Axis=axis, ValuesCount=count)
    return builder.build(inputs, [made])


def test_what_does_not_fit_is_refused() -> None:
    assert refusal(model(-1, (3, 2))) == "compiled"
    assert "axis 2 of (3, 2)" in refusal(model(2, (3, 2)))
    assert "where (2,) follows" in refusal(model(1, (2, 2)))
    assert "where (3,) follows" in refusal(model(0, (2, 3), second=(3, 1)))
    assert "2 slices of axis 0 of (3, 3)" in refusal(model(0, (3, 3)))
    assert "has 2 inputs" in refusal(model(0, (2, 3), count=3))

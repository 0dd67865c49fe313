"""UNPACK against the oracle: any axis."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given

from tests.flatbuffer_builder import ModelBuilder
from tests.operators.harness import BATCHES
from tests.operators.joining import grow_unpack
from tests.operators.moving import check, refusal, seeds


@BATCHES
@given(seeds)
def test_every_tensor_is_the_oracles(tmp_path_factory: pytest.TempPathFactory, numbers: list[int]) -> None:
    check(grow_unpack, numbers, Path(tmp_path_factory.mktemp("unpack")), ranks=(2, 5))


def model(axis: int, *outputs: tuple[int, ...], num: int = 2) -> bytes:
    builder = ModelBuilder()
    source = builder.tensor((2, 3), "INT8", 0.5, 3)
    made = [builder.tensor(shape, "INT8", 0.5, 3) for shape in outputs]
    builder.operator("UNPACK", [source], made, Axis=axis, Num=num)
    return builder.build([source], made)


def test_what_does_not_fit_is_refused() -> None:
    assert refusal(model(-2, (3,), (3,))) == "compiled"
    assert "axis 2 of (2, 3)" in refusal(model(2, (3,), (3,)))
    assert "where (2,) follows" in refusal(model(1, (3,), (3,)))
    assert "2 slices of axis 1" in refusal(model(1, (2,), (2,)))
    assert "has 1 outputs" in refusal(model(0, (3,)))

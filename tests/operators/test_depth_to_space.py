"""DEPTH_TO_SPACE against the oracle: blocks of every size whose square divides the channels."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given

from tests.flatbuffer_builder import ModelBuilder
from tests.operators.harness import BATCHES
from tests.operators.moving import check, refusal, seeds
from tests.operators.picking import grow_depth_to_space


@BATCHES
@given(seeds)
def test_every_tensor_is_the_oracles(tmp_path_factory: pytest.TempPathFactory, numbers: list[int]) -> None:
    check(grow_depth_to_space, numbers, Path(tmp_path_factory.mktemp("depth_to_space")), ranks=(4, 4))


def model(block: int, output: tuple[int, ...], shape: tuple[int, ...] = (1, 2, 3, 8)) -> bytes:
    builder = ModelBuilder()
    source, made = (builder.tensor(each, "INT8", 0.5, 3) for each in (shape, output))
    builder.operator("DEPTH_TO_SPACE", [source], [made], BlockSize=block)
    return builder.build([source], [made])


def test_what_does_not_fit_is_refused() -> None:
    assert refusal(model(2, (1, 4, 6, 2))) == "compiled"
    assert "blocks of 0" in refusal(model(0, (1, 4, 6, 2)))
    assert "blocks of 3 from (1, 2, 3, 8)" in refusal(model(3, (1, 6, 9, 1)))
    assert "where (1, 4, 6, 2) follows" in refusal(model(2, (1, 4, 6, 8)))
    assert "has 3 axes" in refusal(model(2, (4, 6, 2), (2, 3, 8)))

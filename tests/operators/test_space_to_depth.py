"""SPACE_TO_DEPTH against the oracle: blocks of every size that divides the image."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given

from tests.flatbuffer_builder import ModelBuilder
from tests.operators.harness import BATCHES
from tests.operators.moving import check, refusal, seeds
from tests.operators.picking import grow_space_to_depth


@BATCHES
@given(seeds)
def test_every_tensor_is_the_oracles(tmp_path_factory: pytest.TempPathFactory, numbers: list[int]) -> None:
    check(grow_space_to_depth, numbers, Path(tmp_path_factory.mktemp("space_to_depth")), ranks=(4, 4))


def model(block: int, output: tuple[int, ...], shape: tuple[int, ...] = (1, 4, 6, 2)) -> bytes:
    builder = ModelBuilder()
    source, made = (builder.tensor(each, "INT8", 0.5, 3) for each in (shape, output))
    builder.operator("SPACE_TO_DEPTH", [source], [made], BlockSize=block)
    return builder.build([source], [made])


def test_what_does_not_fit_is_refused() -> None:
    assert refusal(model(2, (1, 2, 3, 8))) == "compiled"
    assert "blocks of 0" in refusal(model(0, (1, 2, 3, 8)))
    assert "blocks of 4 in (1, 4, 6, 2)" in refusal(model(4, (1, 1, 1, 32)))
    assert "where (1, 2, 3, 8) follows" in refusal(model(2, (1, 2, 3, 4)))
    assert "has 3 axes" in refusal(model(2, (2, 3, 8), (4, 6, 2)))

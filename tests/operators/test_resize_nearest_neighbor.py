"""RESIZE_NEAREST_NEIGHBOR against the oracle: both alignments and neither, larger and smaller images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from tests.flatbuffer_builder import ModelBuilder
from tests.operators.harness import BATCHES, compare
from tests.operators.moving import check, refusal, seeds
from tests.operators.picking import grow_resize_nearest_neighbor


@BATCHES
@given(seeds)
def test_every_tensor_is_the_oracles(tmp_path_factory: pytest.TempPathFactory, numbers: list[int]) -> None:
    check(
        grow_resize_nearest_neighbor,
        numbers,
        Path(tmp_path_factory.mktemp("resize_nearest_neighbor")),
        ranks=(4, 4),
    )


def model(
    size: list[int], output: tuple[int, ...], shape: tuple[int, ...] = (1, 2, 3, 2), **options: object
) -> bytes:
    builder = ModelBuilder()
    source = builder.tensor(shape, "INT8", 0.5, 3)
    constant = builder.tensor((len(size),), "INT32", data=np.array(size))
    made = builder.tensor(output, "INT8", 0.5, 3)
    builder.operator("RESIZE_NEAREST_NEIGHBOR", [source, constant], [made], **options)
    return builder.build([source], [made])


def test_sizes_where_rounding_decides(tmp_path: Path) -> None:
    """Long rows, so that many positions fall on or next to a half."""
    sizes = [(s, t) for s in (1, 2, 3, 5, 7, 10, 33, 100, 255) for t in (1, 2, 3, 9, 50, 128, 333, 1000)]
    alignments: list[dict[str, object]] = [{}, {"AlignCorners": True}, {"HalfPixelCenters": True}]
    cases = [(s, t, alignment) for s, t in sizes for alignment in alignments]
    models = [model([1, t], (1, 1, t, 1), (1, 1, s, 1), **alignment) for s, t, alignment in cases]
    assert compare(cases, models, tmp_path) == len(cases)


def test_what_does_not_fit_is_refused() -> None:
    assert refusal(model([4, 9], (1, 4, 9, 2))) == "compiled"
    assert "where (1, 4, 8, 2) follows" in refusal(model([4, 8], (1, 4, 9, 2)))
    assert "where (1, 4, 9, 2) follows" in refusal(model([4, 9], (1, 4, 9, 3)))
    assert "no int32 constant of two values" in refusal(model([4, 9, 1], (1, 4, 9, 2)))
    assert "has 3 axes" in refusal(model([4, 9], (4, 9, 2), (2, 3, 2)))
    assert "has 40000 rows or columns" in refusal(model([40000, 1], (1, 40000, 1, 2)))

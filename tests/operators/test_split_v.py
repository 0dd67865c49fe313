"""SPLIT_V against the oracle: any axis, outputs of any size, one of them as what is left."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from tests.flatbuffer_builder import ModelBuilder
from tests.operators.harness import BATCHES
from tests.operators.joining import grow_split_v
from tests.operators.moving import check, refusal, seeds


@BATCHES
@given(seeds)
def test_every_tensor_is_the_oracles(tmp_path_factory: pytest.TempPathFactory, numbers: list[int]) -> None:
    check(grow_split_v, numbers, Path(tmp_path_factory.mktemp("split_v")), ranks=(1, 6))


def model(axis: int, sizes: list[int], *outputs: tuple[int, ...], dtype: str = "INT32") -> bytes:
    builder = ModelBuilder()
    source = builder.tensor((4, 3), "INT8", 0.5, 3)
    constants = [
        builder.tensor((len(sizes),), dtype, data=np.array(sizes)),
        builder.tensor((1,), "INT32", data=np.array([axis])),
    ]
    made = [builder.tensor(shape, "INT8", 0.5, 3) for shape in outputs]
    builder.operator("SPLIT_V", [source, *constants], made, NumSplits=len(outputs))
    return builder.build([source], made)


def test_what_does_not_fit_is_refused() -> None:
    assert refusal(model(-2, [3, -1], (3, 3), (1, 3))) == "compiled"
    assert "its axis is no constant in range" in refusal(model(2, [3, 1], (3, 3), (1, 3)))
    assert "5 indices of axis 0 of (4, 3) are used" in refusal(model(0, [3, 2], (3, 3), (2, 3)))
    assert "differ beyond axis 1" in refusal(model(1, [3, 1], (3, 3), (1, 3)))
    assert "its sizes are [2, 2]" in refusal(model(0, [2, 2], (3, 3), (1, 3)))
    assert "its sizes are [-1, -1]" in refusal(model(0, [-1, -1], (3, 3), (1, 3)))
    assert "its sizes are [3, 1, 0]" in refusal(model(0, [3, 1, 0], (3, 3), (1, 3)))
    assert "no int32 constant" in refusal(model(0, [3, 1], (3, 3), (1, 3), dtype="UINT8"))

"""PAD against the oracle: one to five axes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from tests.flatbuffer_builder import ModelBuilder
from tests.operators.harness import BATCHES
from tests.operators.moving import check, refusal, seeds
from tests.operators.picking import grow_pad


@BATCHES
@given(seeds)
def test_every_tensor_is_the_oracles(tmp_path_factory: pytest.TempPathFactory, numbers: list[int]) -> None:
    check(grow_pad, numbers, Path(tmp_path_factory.mktemp("pad")), ranks=(1, 5))


def model(pairs: list[list[int]], output: tuple[int, ...]) -> bytes:
    builder = ModelBuilder()
    shape = (4, 3) if len(pairs) < 6 else (1,) * len(pairs)
    source = builder.tensor(shape, "INT8", 0.5, 3)
    paddings = builder.tensor((len(pairs), 2), "INT32", data=np.array(pairs))
    made = builder.tensor(output, "INT8", 0.5, 3)
    builder.operator("PAD", [source, paddings], [made])
    return builder.build([source], [made])


def test_what_the_reference_does_not_take_is_refused() -> None:
    assert refusal(model([[1, 0], [0, 2]], (5, 5))) == "compiled"
    assert "has a negative padding" in refusal(model([[-1, 1], [0, 0]], (4, 3)))
    assert "2 values for 2 axes" in refusal(model([[1, 0]], (5, 3)))
    assert "where (5, 5) follows" in refusal(model([[1, 0], [0, 2]], (5, 4)))
    assert "12 values for 6 axes" in refusal(model([[0, 1]] * 6, (2,) * 6))

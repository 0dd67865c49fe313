"""PADV2 against the oracle: any value around one to five axes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from tests.flatbuffer_builder import ModelBuilder
from tests.operators.harness import BATCHES
from tests.operators.moving import check, refusal, seeds
from tests.operators.picking import grow_padv2


@BATCHES
@given(seeds)
def test_every_tensor_is_the_oracles(tmp_path_factory: pytest.TempPathFactory, numbers: list[int]) -> None:
    check(grow_padv2, numbers, Path(tmp_path_factory.mktemp("padv2")), ranks=(1, 5))


def model(zero: int = 3, scale: float = 0.5, values: tuple[int, ...] = (9,), computed: bool = False) -> bytes:
    builder = ModelBuilder()
    source = builder.tensor((4, 3), "INT8", 0.5, 3)
    paddings = builder.tensor((2, 2), "INT32", data=np.array([[1, 0], [0, 2]]))
    value = builder.tensor((len(values),), "INT8", scale, zero, data=None if computed else np.array(values))
    made = builder.tensor((5, 5), "INT8", 0.5, 3)
    builder.operator("PADV2", [source, paddings, value], [made])
    return builder.build([source, value] if computed else [source], [made])


def test_what_the_reference_does_not_take_is_refused() -> None:
    assert refusal(model()) == "compiled"
    assert "differ in scale or zero point" in refusal(model(zero=4))
    assert "differ in scale or zero point" in refusal(model(scale=0.25))
    assert "no single constant" in refusal(model(values=(1, 2)))
    assert "no single constant" in refusal(model(computed=True))

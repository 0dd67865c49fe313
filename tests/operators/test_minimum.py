"""MINIMUM against the oracle: broadcasting, constants on either side, any scales."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.flatbuffer_builder import ModelBuilder
from tests.host_runner import compile_model
from tests.operators.binary import BinaryCase, binary_cases, binary_model
from tests.operators.harness import BATCH, BATCHES, compare
from toolchain.errors import UnsupportedError


@BATCHES
@given(st.lists(binary_cases, min_size=BATCH, max_size=BATCH))
def test_every_value_is_the_oracles(
    tmp_path_factory: pytest.TempPathFactory, cases: list[BinaryCase]
) -> None:
    models = [binary_model("MINIMUM", case, fused=False) for case in cases]
    assert compare(cases, models, tmp_path_factory.mktemp("minimum")) >= BATCH // 2


def refused(case: BinaryCase, reason: str) -> None:
    with pytest.raises(UnsupportedError, match=reason):
        compile_model(binary_model("MINIMUM", case, fused=False))


def _case(a: tuple[float, int], b: tuple[float, int], output: tuple[float, int]) -> BinaryCase:
    return BinaryCase(((2, 3), (2, 3), (2, 3)), (a, b, output), -1, False, 0, 0)


def test_more_groups_of_axes_than_loops_are_refused() -> None:
    shapes = ((2, 1, 2, 1, 2), (1, 2, 1, 2, 1), (2, 2, 2, 2, 2))
    refused(replace(_case((0.5, 0), (0.5, 0), (0.5, 0)), shapes=shapes), "broadcast in 5 groups of axes")


def test_two_constants_are_refused() -> None:
    builder = ModelBuilder()
    pair = [builder.tensor((2,), "INT8", 0.5, 0, data=np.ones(2)) for _ in range(2)]
    given_input, output = builder.tensor((2,), "INT8", 0.5, 0), builder.tensor((2,), "INT8", 0.5, 0)
    builder.operator("MINIMUM", pair, [output])
    with pytest.raises(UnsupportedError, match="both its inputs are constants"):
        compile_model(builder.build([given_input], [output]))

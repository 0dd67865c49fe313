"""MAXIMUM against the oracle: broadcasting, constants on either side, any scales."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.host_runner import compile_model
from tests.operators.binary import BinaryCase, binary_cases, binary_model
from tests.operators.harness import BATCH, BATCHES, compare
from toolchain.errors import UnsupportedError


@BATCHES
@given(st.lists(binary_cases, min_size=BATCH, max_size=BATCH))
def test_every_value_is_the_oracles(
    tmp_path_factory: pytest.TempPathFactory, cases: list[BinaryCase]
) -> None:
    models = [binary_model("MAXIMUM", case, fused=False) for case in cases]
    assert compare(cases, models, tmp_path_factory.mktemp("maximum")) >= BATCH // 2


def refused(case: BinaryCase, reason: str) -> None:
    with pytest.raises(UnsupportedError, match=reason):
        compile_model(binary_model("MAXIMUM", case, fused=False))


def _case(a: tuple[float, int], b: tuple[float, int], output: tuple[float, int]) -> BinaryCase:
    return BinaryCase(((2, 3), (2, 3), (2, 3)), (a, b, output), -1, False, 0, 0)


def test_shapes_that_do_not_broadcast_are_refused() -> None:
    unfit = replace(_case((0.5, 0), (0.5, 0), (0.5, 0)), shapes=((2, 3), (2, 2), (2, 3)))
    refused(unfit, "do not broadcast")
    refused(replace(unfit, shapes=((2, 3), (1, 3), (3, 3))), "its output has the shape")

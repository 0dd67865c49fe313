"""ADD against the oracle: broadcasting, constants on either side, scales from the usual to the extreme."""

from __future__ import annotations

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
    models = [binary_model("ADD", case, fused=True) for case in cases]
    assert compare(cases, models, tmp_path_factory.mktemp("add")) >= BATCH // 2


def refused(case: BinaryCase, reason: str) -> None:
    with pytest.raises(UnsupportedError, match=reason):
        compile_model(binary_model("ADD", case, fused=True))


def _case(a: tuple[float, int], b: tuple[float, int], output: tuple[float, int]) -> BinaryCase:
    return BinaryCase(((2, 3), (2, 3), (2, 3)), (a, b, output), -1, False, 0, 0)


def test_an_output_scale_beyond_the_references_is_refused() -> None:
    refused(_case((0.5, 0), (0.5, 0), (2.0**-21, 0)), "its output's scale is too fine")

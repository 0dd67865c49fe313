"""MUL against the oracle: broadcasting, constants on either side, scales from the usual to the extreme."""

from __future__ import annotations

from dataclasses import replace

import pytest
import tflite
from hypothesis import given
from hypothesis import strategies as st

from tests.host_runner import compile_model
from tests.operators.binary import BinaryCase, binary_cases, binary_model
from tests.operators.harness import BATCH, BATCHES, compare
from toolchain.errors import OracleError, UnsupportedError
from toolchain.simulate.oracle import Oracle

RELU6 = tflite.ActivationFunctionType.RELU6


@BATCHES
@given(st.lists(binary_cases, min_size=BATCH, max_size=BATCH))
def test_every_value_is_the_oracles(
    tmp_path_factory: pytest.TempPathFactory, cases: list[BinaryCase]
) -> None:
    models = [binary_model("MUL", case, fused=True) for case in cases]
    assert compare(cases, models, tmp_path_factory.mktemp("mul")) >= BATCH // 2


def refused(case: BinaryCase, reason: str) -> None:
    with pytest.raises(UnsupportedError, match=reason):
        compile_model(binary_model("MUL", case, fused=True))


def _case(a: tuple[float, int], b: tuple[float, int], output: tuple[float, int]) -> BinaryCase:
    return BinaryCase(((2, 3), (2, 3), (2, 3)), (a, b, output), -1, False, 0, 0)


def test_rescaling_by_more_than_30_bits_is_refused() -> None:
    refused(_case((2.0**10, 0), (2.0**10, 0), (2.0**-20, 0)), "its output's scale is too fine")


@pytest.mark.parametrize("scale", [2.0**-29, 2.0**-140])
def test_a_fused_limit_beyond_32_bits_is_refused_as_in_the_reference(scale: float) -> None:
    case = replace(_case((2.0**-20, 0), (2.0**-20, 0), (scale, 0)), activation=RELU6)
    refused(case, "6 is too much for the scale")
    with pytest.raises(OracleError, match="no_integer_overflow_from_quantization"):
        Oracle(binary_model("MUL", case, fused=True))

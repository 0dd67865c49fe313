"""SUB against the oracle: broadcasting, constants on either side, scales from the usual to the extreme."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

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
    models = [binary_model("SUB", case, fused=True) for case in cases]
    assert compare(cases, models, tmp_path_factory.mktemp("sub")) >= BATCH // 2


def refused(case: BinaryCase, reason: str) -> None:
    with pytest.raises(UnsupportedError, match=reason):
        compile_model(binary_model("SUB", case, fused=True))


def _case(a: tuple[float, int], b: tuple[float, int], output: tuple[float, int]) -> BinaryCase:
    return BinaryCase(((2, 3), (2, 3), (2, 3)), (a, b, output), -1, False, 0, 0)


def test_an_output_scale_beyond_the_references_is_refused() -> None:
    refused(_case((0.5, 0), (0.5, 0), (2.0**-21, 0)), "its output's scale is too fine")


def test_the_scales_are_divided_in_float64(tmp_path: Path) -> None:
    """With float32 some pair of values of each of these differs."""
    scales = [
        (0.011712983250617981, 0.014736209996044636, 0.044038232415914536),
        (0.02699536643922329, 0.017878547310829163, 0.034390516579151154),
        (0.013605751097202301, 0.024937206879258156, 0.042566701769828796),
        (0.02930462919175625, 0.0241628959774971, 0.02641061693429947),
    ]
    all_pairs = replace(_case((0.5, 0), (0.5, 0), (0.5, 0)), shapes=((256, 1), (1, 256), (256, 256)))
    cases = [replace(all_pairs, quantised=((a, 0), (b, 0), (output, 0))) for a, b, output in scales]
    models = [binary_model("SUB", case, fused=True) for case in cases]
    assert compare(cases, models, tmp_path) == len(cases)

"""HARD_SWISH against the oracle: every input value, zero points and scales from the usual to the extreme."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.host_runner import compile_model
from tests.operators.harness import BATCH, BATCHES, compare
from tests.operators.strategies import quantisations, shapes, usual_quantisations
from tests.operators.unary import Quantised, unary_model
from toolchain.errors import OracleError, UnsupportedError
from toolchain.simulate.oracle import Oracle

_case = st.tuples(shapes(0, 5), quantisations, quantisations)
_usual = st.tuples(st.just((16, 16)), usual_quantisations, usual_quantisations)


@BATCHES
@given(st.lists(st.one_of(_case, _usual), min_size=BATCH, max_size=BATCH))
def test_every_value_is_the_oracles(
    tmp_path_factory: pytest.TempPathFactory, cases: list[tuple[tuple[int, ...], Quantised, Quantised]]
) -> None:
    models = [unary_model("HARD_SWISH", *case) for case in cases]
    assert compare(cases, models, tmp_path_factory.mktemp("hard_swish")) >= BATCH // 2


def test_an_output_that_is_too_fine_is_refused_as_in_the_reference() -> None:
    model = unary_model("HARD_SWISH", (4,), (0.5, 0), (0.5 / 200, 0))
    with pytest.raises(UnsupportedError, match="its output's scale is too fine"):
        compile_model(model)
    with pytest.raises(OracleError, match="output_multiplier_exponent"):
        Oracle(model)


def test_an_input_scale_beyond_the_references_shifts_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="its input has the scale"):
        compile_model(unary_model("HARD_SWISH", (4,), (2.0**26, 0), (2.0**26, 0)))


def test_the_scales_are_divided_in_float64(tmp_path: Path) -> None:
    """With float32 some value of each of these differs."""
    scales = [
        (0.025284145027399063, 0.033792633563280106),
        (0.010667326860129833, 0.017855437472462654),
        (0.042788244783878326, 0.05070924386382103),
        (0.02269696071743965, 0.026648059487342834),
    ]
    models = [unary_model("HARD_SWISH", (256,), (source, -20), (target, 3)) for source, target in scales]
    assert compare(scales, models, tmp_path) == len(scales)

"""LEAKY_RELU against the oracle: every input value, alphas of either sign, from none to the extreme."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.host_runner import compile_model
from tests.operators.harness import BATCH, BATCHES, compare
from tests.operators.strategies import quantisations, shapes, usual_quantisations
from tests.operators.unary import Quantised, unary_model
from toolchain.errors import UnsupportedError

_alpha = st.one_of(
    st.sampled_from([0.0, -0.0, 0.1, 0.2, 0.3, 1.0, -1.0]),
    st.floats(-2, 2),
    st.floats(-1e9, 1e9),
    st.just(1e38),
)
_case = st.tuples(shapes(0, 5), quantisations, quantisations, _alpha)
_usual = st.tuples(st.just((16, 16)), usual_quantisations, usual_quantisations, _alpha)


@BATCHES
@given(st.lists(st.one_of(_case, _usual), min_size=BATCH, max_size=BATCH))
def test_every_value_is_the_oracles(
    tmp_path_factory: pytest.TempPathFactory, cases: list[tuple[tuple[int, ...], Quantised, Quantised, float]]
) -> None:
    models = [
        unary_model("LEAKY_RELU", shape, source, target, Alpha=float(np.float32(alpha)))
        for shape, source, target, alpha in cases
    ]
    assert compare(cases, models, tmp_path_factory.mktemp("leaky_relu")) >= BATCH // 2


@pytest.mark.parametrize("alpha", [math.inf, math.nan, 1e30])
def test_an_alpha_without_meaning_is_refused(alpha: float) -> None:
    with pytest.raises(UnsupportedError, match="its alpha is"):
        compile_model(unary_model("LEAKY_RELU", (4,), (0.5, 0), (0.5, 0), Alpha=alpha))


def test_scales_and_alpha_are_multiplied_in_float64(tmp_path: Path) -> None:
    """With float32 some negative value of each of these differs."""
    cases = [
        (0.03710555657744408, 0.01612909510731697, 0.2573114037513733),
        (0.007533073890954256, 0.01746860332787037, 0.7017787098884583),
        (0.015417070128023624, 0.011689873412251472, 0.8714861869812012),
        (0.03204314783215523, 0.0185864195227623, 0.20140399038791656),
    ]
    models = [
        unary_model("LEAKY_RELU", (256,), (source, 0), (target, 0), Alpha=alpha)
        for source, target, alpha in cases
    ]
    assert compare(cases, models, tmp_path) == len(cases)

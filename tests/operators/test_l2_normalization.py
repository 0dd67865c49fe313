"""L2_NORMALIZATION against the oracle: rows of every length, down to all zeros and up to saturation."""

from __future__ import annotations

import pytest
import tflite
from hypothesis import given
from hypothesis import strategies as st

from tests.host_runner import compile_model
from tests.operators.harness import BATCH, BATCHES, compare
from tests.operators.strategies import quantisations, shapes
from tests.operators.unary import Quantised, unary_model
from toolchain.errors import OracleError, UnsupportedError
from toolchain.simulate.oracle import Oracle

_target = st.one_of(st.just((1 / 128, 0)), quantisations)
_long = st.integers(1, 2000).map(lambda depth: (1, depth))
_tall = st.tuples(st.integers(20, 200), st.integers(1, 3))
_case = st.tuples(st.one_of(shapes(1, 4), _long, _tall), quantisations, _target)


@BATCHES
@given(st.lists(_case, min_size=BATCH, max_size=BATCH))
def test_every_value_is_the_oracles(
    tmp_path_factory: pytest.TempPathFactory, cases: list[tuple[tuple[int, ...], Quantised, Quantised]]
) -> None:
    models = [unary_model("L2_NORMALIZATION", *case) for case in cases]
    assert compare(cases, models, tmp_path_factory.mktemp("l2_normalization")) == BATCH


def test_five_axes_are_refused_as_in_the_reference() -> None:
    model = unary_model("L2_NORMALIZATION", (1, 1, 1, 2, 3), (0.5, 0), (1 / 128, 0))
    with pytest.raises(UnsupportedError, match="its input has 5 axes"):
        compile_model(model)
    with pytest.raises(OracleError, match="NumDimensions"):
        Oracle(model)


def test_rows_whose_squares_exceed_32_bits_are_refused() -> None:
    with pytest.raises(UnsupportedError, match="its rows have 33026 values"):
        compile_model(unary_model("L2_NORMALIZATION", (1, 33026), (0.5, 0), (1 / 128, 0)))


def test_a_fused_activation_is_refused_as_in_the_reference() -> None:
    relu = tflite.ActivationFunctionType.RELU
    model = unary_model("L2_NORMALIZATION", (1, 4), (0.5, 0), (1 / 128, 0), FusedActivationFunction=relu)
    with pytest.raises(UnsupportedError, match="the fused activation RELU"):
        compile_model(model)
    with pytest.raises(OracleError, match="activation"):
        Oracle(model)

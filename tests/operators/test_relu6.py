"""RELU6 against the oracle: every input value, zero points and scales from the usual to the extreme."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.host_runner import compile_model
from tests.operators.harness import BATCH, BATCHES, compare
from tests.operators.strategies import quantisations, shapes
from tests.operators.unary import Quantised, unary_model
from toolchain.errors import UnsupportedError

_case = st.tuples(st.one_of(shapes(0, 5), st.just((16, 16))), quantisations, quantisations)


@BATCHES
@given(st.lists(_case, min_size=BATCH, max_size=BATCH))
def test_every_value_is_the_oracles(
    tmp_path_factory: pytest.TempPathFactory, cases: list[tuple[tuple[int, ...], Quantised, Quantised]]
) -> None:
    models = [unary_model("RELU6", *case) for case in cases]
    assert compare(cases, models, tmp_path_factory.mktemp("relu6")) >= BATCH // 2


@pytest.mark.parametrize("scale", [2.0**-29, 2.0**-140])
def test_a_six_beyond_32_bits_is_refused(scale: float) -> None:
    with pytest.raises(UnsupportedError, match="6 is too much for the scale"):
        compile_model(unary_model("RELU6", (4,), (scale, 0), (scale, 0)))

"""ABS against the oracle: every input value, zero points and scales from the usual to the extreme."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.host_runner import compile_model
from tests.operators.harness import BATCH, BATCHES, compare
from tests.operators.strategies import quantisations, shapes, usual_quantisations
from tests.operators.unary import Quantised, unary_model
from toolchain.errors import UnsupportedError

_case = st.tuples(shapes(0, 5), quantisations, quantisations)
_usual = st.tuples(st.just((16, 16)), usual_quantisations, usual_quantisations)


@BATCHES
@given(st.lists(st.one_of(_case, _usual), min_size=BATCH, max_size=BATCH))
def test_every_value_is_the_oracles(
    tmp_path_factory: pytest.TempPathFactory, cases: list[tuple[tuple[int, ...], Quantised, Quantised]]
) -> None:
    models = [unary_model("ABS", *case) for case in cases]
    assert compare(cases, models, tmp_path_factory.mktemp("abs")) >= BATCH // 2


def test_rescaling_by_more_than_30_bits_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="its scales differ by 2\\*\\*30 or more"):
        compile_model(unary_model("ABS", (4,), (2.0**20, 0), (2.0**-20, 0)))


def test_the_scales_are_divided_in_float64(tmp_path: Path) -> None:
    """With float32 some value of each of these differs."""
    scales = [
        (0.006651443894952536, 0.011597389355301857),
        (0.006619553547352552, 0.013912281952798367),
        (0.009969265200197697, 0.01741756685078144),
        (0.022599272429943085, 0.01820075698196888),
    ]
    models = [unary_model("ABS", (256,), (source, 0), (target, 0)) for source, target in scales]
    assert compare(scales, models, tmp_path) == len(scales)

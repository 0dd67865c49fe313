"""REDUCE_MAX against the oracle: any axes in any order, up to eight, negative and repeated ones too."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.host_runner import compile_model
from tests.operators.harness import BATCH, BATCHES, compare
from tests.operators.reduction import ReductionCase, reduction_cases, reduction_model
from toolchain.errors import OracleError, UnsupportedError
from toolchain.simulate.oracle import Oracle


@BATCHES
@given(st.lists(reduction_cases(), min_size=BATCH, max_size=BATCH))
def test_every_value_is_the_oracles(
    tmp_path_factory: pytest.TempPathFactory, cases: list[ReductionCase]
) -> None:
    cases = [replace(case, target=case.source) for case in cases]
    models = [reduction_model("REDUCE_MAX", case) for case in cases]
    assert compare(cases, models, tmp_path_factory.mktemp("reduce_max")) >= BATCH // 2


CASE = ReductionCase((2, 3, 4), (1,), False, (0.5, 0), (0.5, 0))


def refused(case: ReductionCase, reason: str) -> None:
    with pytest.raises(UnsupportedError, match=reason):
        compile_model(reduction_model("REDUCE_MAX", case))


@pytest.mark.parametrize("target", [(0.5, 1), (0.5000001, 0)])
def test_another_quantisation_is_refused_as_in_the_reference(target: tuple[float, int]) -> None:
    case = replace(CASE, target=target)
    refused(case, "input and output differ")
    with pytest.raises(OracleError, match="reduce_common"):
        _run(reduction_model("REDUCE_MAX", case))


def _run(model: bytes) -> None:
    Oracle(model).run(np.zeros((1, 24), np.uint8))

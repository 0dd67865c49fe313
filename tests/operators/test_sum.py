"""SUM against the oracle: any axes in any order, up to eight, negative and repeated ones too."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.flatbuffer_builder import ModelBuilder
from tests.host_runner import compile_model
from tests.operators.harness import BATCH, BATCHES, compare
from tests.operators.reduction import ReductionCase, reduction_cases, reduction_model
from toolchain.errors import UnsupportedError


@BATCHES
@given(st.lists(reduction_cases(), min_size=BATCH, max_size=BATCH))
def test_every_value_is_the_oracles(
    tmp_path_factory: pytest.TempPathFactory, cases: list[ReductionCase]
) -> None:
    models = [reduction_model("SUM", case) for case in cases]
    assert compare(cases, models, tmp_path_factory.mktemp("sum")) >= BATCH // 2


CASE = ReductionCase((2, 3, 4), (1,), False, (0.5, 0), (0.5, 0))


def refused(case: ReductionCase, reason: str) -> None:
    with pytest.raises(UnsupportedError, match=reason):
        compile_model(reduction_model("SUM", case))


def test_scales_that_differ_by_more_than_30_bits_are_refused() -> None:
    refused(replace(CASE, source=(2.0**20, 0), target=(2.0**-20, 0)), "its scales differ by 2")


def test_sums_beyond_32_bits_are_refused() -> None:
    refused(replace(CASE, shape=(2**12, 2**11), axes=(0, 1)), "it sums 8388608 values")


@pytest.mark.parametrize("axes", [(3,), (-4,), (0, 7)])
def test_axes_outside_the_input_are_refused(axes: tuple[int, ...]) -> None:
    builder = ModelBuilder()
    source, output = builder.tensor((2, 3, 4), "INT8", 0.5, 0), builder.tensor((2, 3), "INT8", 0.5, 0)
    listed = builder.tensor((len(axes),), "INT32", data=np.array(axes, np.int32))
    builder.operator("SUM", [source, listed], [output], KeepDims=False)
    with pytest.raises(UnsupportedError, match="lies outside"):
        compile_model(builder.build([source], [output]))


def test_another_output_shape_is_refused() -> None:
    builder = ModelBuilder()
    source, output = builder.tensor((2, 3, 4), "INT8", 0.5, 0), builder.tensor((3, 2), "INT8", 0.5, 0)
    listed = builder.tensor((1,), "INT32", data=np.array([2], np.int32))
    builder.operator("SUM", [source, listed], [output], KeepDims=False)
    with pytest.raises(UnsupportedError, match="its output has the shape"):
        compile_model(builder.build([source], [output]))

"""ARG_MAX against the oracle: any axis, ties, an int32 output of the model beside others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.flatbuffer_builder import ModelBuilder
from tests.host_runner import compile_model
from tests.operators.harness import BATCH, BATCHES, compare
from tests.operators.reduction import INT32
from tests.operators.strategies import shapes
from toolchain.errors import UnsupportedError

Shape = tuple[int, ...]


@st.composite
def arg_max_cases(draw: st.DrawFn) -> tuple[Shape, int, bool]:
    """Shape, axis, and whether a rescaled copy of the input is an output as well."""
    shape = draw(shapes(1, 6))
    return shape, draw(st.integers(-len(shape), len(shape) - 1)), draw(st.booleans())


def arg_max_model(shape: Shape, axis: int, beside: bool = False, output_type: str = "INT32") -> bytes:
    builder = ModelBuilder()
    source = builder.tensor(shape, "INT8", 0.5, 3)
    positive = axis % len(shape)
    output = builder.tensor(shape[:positive] + shape[positive + 1 :], output_type)
    outputs = [output]
    if beside:
        outputs.append(builder.tensor(shape, "INT8", 0.25, -3))
        builder.operator("RELU", [source], [outputs[1]])
    listed = builder.tensor((), "INT32", data=np.array(axis, np.int32))
    builder.operator("ARG_MAX", [source, listed], [output], OutputType=INT32)
    return builder.build([source], outputs)


@BATCHES
@given(st.lists(arg_max_cases(), min_size=BATCH, max_size=BATCH))
def test_every_index_is_the_oracles(
    tmp_path_factory: pytest.TempPathFactory, cases: list[tuple[Shape, int, bool]]
) -> None:
    models = [arg_max_model(*case) for case in cases]
    assert compare(cases, models, tmp_path_factory.mktemp("arg_max")) == BATCH


def test_the_output_port_is_int32() -> None:
    [port] = compile_model(arg_max_model((2, 5), 1)).outputs
    assert (port.dtype, port.shape, port.bytes) == ("INT32", (2,), 8)


def test_an_index_of_another_type_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="INT64"):
        compile_model(arg_max_model((2, 5), 1, output_type="INT64"))


def test_an_int32_input_of_the_model_is_refused() -> None:
    builder = ModelBuilder()
    source, unread = builder.tensor((4,), "INT8", 0.5, 3), builder.tensor((4,), "INT32")
    output = builder.tensor((4,), "INT8", 0.5, 3)
    builder.operator("RELU", [source], [output])
    with pytest.raises(UnsupportedError, match="an input or output of the model, is INT32"):
        compile_model(builder.build([source, unread], [output]))


@pytest.mark.parametrize(
    ("axes", "shape", "reason"),
    [
        ((2,), (2,), "axis 2 lies outside"),
        ((0, 1), (2,), "one value"),
        ((1,), (5,), "its output has the shape"),
    ],
)
def test_other_axes_and_shapes_are_refused(axes: tuple[int, ...], shape: Shape, reason: str) -> None:
    builder = ModelBuilder()
    source, output = builder.tensor((2, 5), "INT8", 0.5, 3), builder.tensor(shape, "INT32")
    listed = builder.tensor((len(axes),), "INT32", data=np.array(axes, np.int32))
    builder.operator("ARG_MAX", [source, listed], [output], OutputType=INT32)
    with pytest.raises(UnsupportedError, match=reason):
        compile_model(builder.build([source], [output]))

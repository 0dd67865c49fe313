"""The reader: faithful on sound files, ModelError in bounded time on everything else."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.compile.mutants import survey
from tests.flatbuffer_builder import ModelBuilder
from toolchain.convert.read_tflite import read_graph
from toolchain.errors import ModelError, UnsupportedError

MUTATIONS = 3000


def conv_model() -> ModelBuilder:
    builder = ModelBuilder()
    source = builder.tensor((1, 4, 5, 2), "INT8", 0.5, -3, name="image")
    weights = builder.tensor(
        (3, 1, 1, 2), "INT8", [0.1, 0.2, 0.3], 0, data=np.arange(6).reshape(3, 1, 1, 2) - 3
    )
    output = builder.tensor((1, 2, 3, 3), "INT8", 0.25, 4)
    builder.operator(
        "CONV_2D",
        [source, weights, -1],
        [output],
        StrideH=2,
        StrideW=2,
        DilationHFactor=1,
        DilationWFactor=1,
        FusedActivationFunction=3,
    )
    return builder


def test_a_sound_file_is_read_faithfully() -> None:
    graph = read_graph(conv_model().build([0], [2]), "small")
    assert graph.name == "small"
    assert len(graph.sha256) == 64
    assert graph.inputs == (0,)
    assert graph.outputs == (2,)
    image, weights, output = graph.tensors
    assert (image.name, image.shape, image.dtype) == ("image", (1, 4, 5, 2), "INT8")
    assert image.quantisation is not None
    assert (image.quantisation.scale, image.quantisation.zero_point) == (0.5, -3)
    assert weights.data is not None
    assert weights.data.reshape(-1).tolist() == [-3, -2, -1, 0, 1, 2]
    assert weights.quantisation is not None
    assert weights.quantisation.per_channel
    assert output.data is None
    [operator] = graph.operators
    assert operator.name == "CONV_2D"
    assert operator.inputs == (0, 1, -1)
    assert operator.options["padding"] == "SAME"
    assert operator.options["stride_h"] == 2
    assert operator.options["dilation_w_factor"] == 1
    assert operator.options["fused_activation_function"] == "RELU6"


def test_list_options_are_tuples() -> None:
    builder = ModelBuilder()
    a, b = builder.tensor((1, 3), "INT8", 0.5, 0), builder.tensor((3,), "INT8", 0.5, 0)
    builder.operator("SQUEEZE", [a], [b], SqueezeDims=[0])
    assert read_graph(builder.build([a], [b]), "x").operators[0].options == {"squeeze_dims": (0,)}


@pytest.mark.parametrize(
    "data", [b"", b"TFL3", b"\x00" * 64, b"\x1c\x00\x00\x00TFL3" + b"\xff" * 40, b"PK\x03\x04" * 9]
)
def test_what_is_no_model_is_a_model_error(data: bytes) -> None:
    with pytest.raises(ModelError):
        read_graph(data, "x")


def nan_scale(builder: ModelBuilder) -> None:
    builder.tensors[0].scales = [float("nan")]


def two_scales(builder: ModelBuilder) -> None:
    builder.tensors[1].scales, builder.tensors[1].zero_points = [0.1, 0.2], [0, 0]


def unknown_activation(builder: ModelBuilder) -> None:
    builder.operators[0].options = {**builder.operators[0].options, "FusedActivationFunction": 77}


DAMAGES: dict[str, Callable[[ModelBuilder], object]] = {
    "needs 6 bytes and has 5": lambda b: setattr(b.tensors[1], "raw", b"\x01" * 5),
    "operator 0 (CONV_2D) reads a tensor before it is made": lambda b: setattr(
        b.operators[0], "inputs", [2, 1]
    ),
    "reads a tensor before it is made": lambda b: setattr(b.operators[0], "inputs", [0, 1, 99]),
    "written twice": lambda b: b.operators.append(b.operators[0]),
    "has 2 scales for axis 0": two_scales,
    "1 scales and 2 zero points": lambda b: setattr(b.tensors[0], "zero_points", [1, 2]),
    "not a positive number": nan_scale,
    "has the shape (1, -4, 5, 2)": lambda b: setattr(b.tensors[0], "shape", (1, -4, 5, 2)),
    "claims more than": lambda b: setattr(b.tensors[0], "shape", (65535,) * 4),
    "unknown value 77": unknown_activation,
}


@pytest.mark.parametrize("message", DAMAGES)
def test_each_inconsistency_is_named(message: str) -> None:
    builder = conv_model()
    DAMAGES[message](builder)
    with pytest.raises(ModelError, match=re.escape(message)):
        read_graph(builder.build([0], [2]), "x")


def test_a_constant_as_input_or_an_output_that_is_never_made_is_refused() -> None:
    with pytest.raises(ModelError, match="constant"):
        read_graph(conv_model().build([1], [2]), "x")
    builder = conv_model()
    builder.tensor((1,), "INT8", 0.5, 0)
    with pytest.raises(ModelError, match="never made"):
        read_graph(builder.build([0], [3]), "x")


def test_a_type_no_part_knows_is_unsupported() -> None:
    builder = conv_model()
    builder.tensors[0].dtype = "COMPLEX64"
    with pytest.raises(UnsupportedError, match="COMPLEX64"):
        read_graph(builder.build([0], [2]), "x")


def test_mutated_files_are_refused_or_become_right_programs_and_nothing_else() -> None:
    ends, wrong = survey(MUTATIONS, judge_every=8)
    assert wrong == []
    # All three ends are reached, so the mutations are neither harmless nor hopeless.
    assert min(ends[end] for end in ("not read", "not compiled", "compiled")) > MUTATIONS // 100
    assert ends["right"] > 20


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.binary(max_size=400))
def test_any_bytes_behind_the_identifier_are_a_model_error(data: bytes) -> None:
    with pytest.raises(ModelError):
        read_graph(b"\x10\x00\x00\x00TFL3" + data, "x")

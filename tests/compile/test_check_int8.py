"""Which models count as fully integer."""

from __future__ import annotations

import numpy as np
import pytest

from tests.flatbuffer_builder import ModelBuilder
from toolchain.convert.check_int8 import require_fully_integer
from toolchain.convert.read_tflite import read_graph
from toolchain.errors import NotQuantisedError


def dense(builder: ModelBuilder, source: int, dtype: str, weights_dtype: str, name: str) -> int:
    scale = (0.1,) if weights_dtype == "INT8" else ()
    weights = builder.tensor((2, 3), weights_dtype, scale, 0, data=np.ones((2, 3)))
    output = builder.tensor((1, 2), dtype, (0.5,) if dtype == "INT8" else (), 0, name=name)
    builder.operator("FULLY_CONNECTED", [source, weights], [output])
    return output


def check(builder: ModelBuilder, inputs: list[int], outputs: list[int]) -> None:
    require_fully_integer(read_graph(builder.build(inputs, outputs), "model"))


def test_an_int8_model_with_float_edges_is_accepted() -> None:
    builder = ModelBuilder()
    source, inner = builder.tensor((1, 3), "FLOAT32"), builder.tensor((1, 3), "INT8", 0.5, 0)
    builder.operator("QUANTIZE", [source], [inner])
    made = dense(builder, inner, "INT8", "INT8", "dense")
    output = builder.tensor((1, 2), "FLOAT32")
    builder.operator("DEQUANTIZE", [made], [output])
    check(builder, [source], [output])


def test_a_float_model_is_called_one() -> None:
    builder = ModelBuilder()
    source = builder.tensor((1, 3), "FLOAT32")
    with pytest.raises(NotQuantisedError, match=r"is a float model.*'the layer'"):
        check(builder, [source], [dense(builder, source, "FLOAT32", "FLOAT32", "the layer")])


def test_dynamic_range_quantisation_is_named() -> None:
    builder = ModelBuilder()
    source = builder.tensor((1, 3), "FLOAT32")
    with pytest.raises(NotQuantisedError, match=r"dynamic-range.*'hybrid'.*int8 weights"):
        check(builder, [source], [dense(builder, source, "FLOAT32", "INT8", "hybrid")])


def test_a_silent_fall_back_to_float_is_named() -> None:
    builder = ModelBuilder()
    source = builder.tensor((1, 3), "INT8", 0.5, 0)
    widened, output = builder.tensor((1, 3), "FLOAT32"), builder.tensor((1, 2), "INT8", 0.5, 0)
    builder.operator("DEQUANTIZE", [source], [widened])
    made = dense(builder, widened, "FLOAT32", "FLOAT32", "fell back")
    builder.operator("QUANTIZE", [made], [output])
    with pytest.raises(NotQuantisedError, match="only partly quantised"):
        check(builder, [source], [output])

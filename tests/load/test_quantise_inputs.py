from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tflite_micro.python.tflite_micro import runtime

from toolchain.convert.read_tflite import read_graph
from toolchain.errors import DataError
from toolchain.load.input_bytes import quantise_inputs
from toolchain.tensorflow_import import import_stack, tensorflow_noise_to
from toolchain.vocabulary.data import Samples
from toolchain.vocabulary.graph import Quantisation

UNIT = Quantisation(scales=(1 / 255,), zero_points=(-128,))


def quantised(values: list[float], quantisation: Quantisation, dtype: str = "INT8") -> list[int]:
    samples = Samples(np.array([values], np.float32), None)
    rows = quantise_inputs(samples, dtype, quantisation, (1, len(values)))
    return [int(value) for value in rows.view(np.int8 if dtype == "INT8" else "<i2")[0]]


def by_definition(value: float, scale: float, zero_point: int) -> int:
    """One float32 division, then exact: half away from zero, and cut."""
    with np.errstate(over="ignore"):
        ratio = np.float32(value) / np.float32(scale)
    if np.isinf(ratio):
        return 127 if ratio > 0 else -128
    magnitude = Fraction(float(abs(ratio)))
    whole = magnitude.numerator // magnitude.denominator
    if magnitude - whole >= Fraction(1, 2):
        whole += 1
    return max(-128, min(127, (whole if ratio >= 0 else -whole) + zero_point))


@given(
    st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=30),
    st.floats(min_value=2.0**-20, max_value=1024.0, width=32),
    st.integers(-128, 127),
)
def test_any_real_value_becomes_what_the_definition_says(
    values: list[float], scale: float, zero: int
) -> None:
    quantisation = Quantisation((scale,), (zero,))
    assert quantised(values, quantisation) == [by_definition(value, scale, zero) for value in values]


@given(st.integers(-300, 300), st.sampled_from([0.25, 0.5, 1.0, 2.0]), st.integers(-128, 127))
def test_halves_go_away_from_zero(number: int, scale: float, zero: int) -> None:
    value = (number + 0.5) * scale
    away = number + 1 if value > 0 else number
    assert quantised([value], Quantisation((scale,), (zero,))) == [max(-128, min(127, away + zero))]


def test_just_below_a_half_is_rounded_down() -> None:
    # The largest float32 below 0.5: adding 0.5 in float32 would give 1.
    assert quantised([0.49999997], Quantisation((1.0,), (0,))) == [0]


def test_int16_inputs_go_low_byte_first() -> None:
    assert quantised([1.0, -1e9], Quantisation((1 / 512,), (0,)), "INT16") == [512, -32768]
    rows = quantise_inputs(
        Samples(np.array([[1.0]], np.float32), None), "INT16", Quantisation((1 / 512,), (0,)), (1, 1)
    )
    assert rows.tolist() == [[0, 2]]


def test_integers_of_the_inputs_own_type_are_used_as_they_are() -> None:
    values = np.array([[-128, -1, 0, 127]], np.int8)
    rows = quantise_inputs(Samples(values, None), "INT8", UNIT, (1, 4))
    np.testing.assert_array_equal(rows.view(np.int8), values)
    assert rows.dtype == np.uint8


def test_the_channel_axis_is_added() -> None:
    samples = Samples(np.zeros((3, 2, 2), np.float32), None)
    assert quantise_inputs(samples, "INT8", UNIT, (1, 2, 2, 1)).shape == (3, 4)


@pytest.mark.parametrize(
    ("values", "dtype", "quantisation", "words"),
    [
        (np.zeros((1, 4), np.uint8), "INT8", UNIT, "are uint8, but the model's input is INT8"),
        (np.zeros((1, 4), np.int16), "INT8", UNIT, "are int16"),
        (np.zeros((1, 4), np.int8), "UINT8", UNIT, "are int8, but the model's input is UINT8"),
        (np.zeros((1, 4), np.float32), "FLOAT32", None, "input is FLOAT32"),
        (np.zeros((1, 4), np.float32), "INT8", None, "no single scale"),
        (np.zeros((1, 4), np.float32), "INT8", Quantisation((1.0, 2.0), (0, 0)), "no single scale"),
        (np.zeros((1, 4), np.float32), "INT8", Quantisation((0.0,), (0,)), "no single scale"),
        (np.zeros((1, 5), np.float32), "INT8", UNIT, r"shape \(5,\), but the model's input wants \(4,\)"),
    ],
)
def test_other_combinations_are_refused(
    values: np.ndarray[Any, Any], dtype: str, quantisation: Quantisation | None, words: str
) -> None:
    with pytest.raises(DataError, match=words):
        quantise_inputs(Samples(values, None), dtype, quantisation, (1, 4))


@pytest.mark.slow
def test_the_same_bytes_as_tflites_own_quantize_operator() -> None:
    """A converted model that only quantises and reshapes, run by TensorFlow Lite Micro."""
    width = 1024
    random = np.random.default_rng(1)
    calibration = random.uniform(-0.7, 1.9, size=(20, 1, width)).astype(np.float32)
    with tensorflow_noise_to(None):
        tensorflow, tf_keras = import_stack("tensorflow"), import_stack("tf_keras")
        source = tf_keras.Input((width,), batch_size=1)
        network = tf_keras.Model(source, tf_keras.layers.Reshape((width, 1))(source))
        converter = tensorflow.lite.TFLiteConverter.from_keras_model(network)
        converter.optimizations = [tensorflow.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([sample] for sample in calibration)
        converter.target_spec.supported_ops = [tensorflow.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_output_type = tensorflow.int8
        model = converter.convert()
    graph = read_graph(model, "quantise")
    assert "QUANTIZE" in [operator.name for operator in graph.operators]
    quantisation = graph.tensors[graph.outputs[0]].quantisation
    assert quantisation is not None
    scale = np.float32(quantisation.scale)
    # Everywhere, at every boundary between two steps and its neighbours, and far outside.
    halves = (np.arange(-width // 4, width // 4, dtype=np.float32) + np.float32(0.5)) * scale
    rows = [
        random.uniform(-1.5, 3.0, width),
        np.concatenate([halves, np.nextafter(halves, np.float32(9))]),
        np.concatenate([halves, np.nextafter(halves, np.float32(-9))]),
        random.uniform(-1e6, 1e6, width),
    ]
    inputs = np.array(rows, np.float32)
    interpreter = runtime.Interpreter.from_bytes(model)
    expected = []
    for row in inputs:
        interpreter.set_input(row[np.newaxis], 0)
        interpreter.invoke()
        expected.append(interpreter.get_output(0).ravel().copy())
    got = quantise_inputs(Samples(inputs, None), "INT8", quantisation, (1, width)).view(np.int8)
    np.testing.assert_array_equal(got, np.array(expected))
    assert len(np.unique(got)) == 256

"""What is counted on a graph: against numbers worked out by hand, and against what is compiled."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.corridor.models import float_classifier, hybrid_classifier, int8_classifier
from tests.host_runner import compile_model
from tests.random_networks import random_network
from toolchain.convert.count_graph import count_graph
from toolchain.convert.read_tflite import read_graph
from toolchain.errors import UnsupportedError
from toolchain.vocabulary.model_figures import BlockZeros, kernel_figures


def test_a_small_classifier_by_hand() -> None:
    figures = count_graph(read_graph(int8_classifier(filters=4), "small"))
    assert [layer.kind for layer in figures.layers] == ["CONV_2D", "RESHAPE", "FULLY_CONNECTED", "SOFTMAX"]
    assert [layer.macs for layer in figures.layers] == [36 * 4 * 9, 0, 144 * 3, 0]
    # Two a MAC; bias and RELU for each of 144 results; no bias in the dense layer; four for each of 3 shares.
    assert [layer.flops for layer in figures.layers] == [2 * 36 * 4 * 9 + 2 * 144, 0, 2 * 144 * 3, 12]
    assert [layer.parameters for layer in figures.layers] == [36 + 4, 0, 144 * 3, 0]
    # int8 kernels, int32 bias.
    assert [layer.bytes for layer in figures.layers] == [36 + 16, 0, 144 * 3, 0]
    assert figures.layers[0].moved_bytes == 36 + 144
    assert (figures.parameters, figures.weights) == (472, 468)
    assert figures.layers[0].shape == (6, 6, 4)
    assert figures.layers[2].weight_type == "INT8"


@pytest.mark.parametrize("make", [float_classifier, hybrid_classifier])
def test_models_that_do_not_run_on_a_target_are_counted_all_the_same(make: object) -> None:
    figures = count_graph(read_graph(make(), "other"))  # type: ignore[operator]
    assert (figures.macs, figures.parameters) == (12, 12)
    assert figures.bytes == (48 if make is float_classifier else 12)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 8))
def test_macs_are_those_of_the_compiled_program(seed: int, layers: int) -> None:
    model = random_network(seed, layers)
    try:
        program = compile_model(model)
    except UnsupportedError:
        return
    figures = count_graph(read_graph(model, "random"))
    # Passes fold or drop operators that compute nothing new; they never add a multiplication.
    assert figures.macs is not None
    assert figures.macs >= program.macs
    compiled = {layer.name: layer.macs for layer in program.layers if layer.macs}
    assert sum(compiled.values()) <= figures.macs
    assert all(layer.flops is not None and layer.flops >= 2 * (layer.macs or 0) for layer in figures.layers)


def test_patterns_of_zeros_are_seen() -> None:
    kernel = np.ones((8, 3, 3, 8), np.int8)
    assert kernel_figures(kernel).two_of_four == 0.0
    kernel[..., ::2] = 0
    figures = kernel_figures(kernel)
    assert (figures.weights, figures.zeros, figures.two_of_four, figures.distinct) == (576, 288, 1.0, 2)
    # Inputs lie innermost: 72 inputs × 8 outputs, so whole rows of 1×4 are zero and no 4×1.
    assert figures.blocks == (BlockZeros(1, 4, 144, 72), BlockZeros(4, 1, 144, 0))
    dense = np.ones((4, 8), np.int8)
    dense[:, :4] = 0
    assert kernel_figures(dense).blocks == (BlockZeros(1, 4, 8, 4), BlockZeros(4, 1, 8, 4))
    # A depthwise kernel has one input a channel: nothing that 2:4 could be of.
    assert kernel_figures(np.zeros((1, 3, 3, 5), np.int8), depthwise=True).two_of_four is None


def test_the_largest_number_of_values_in_one_channel() -> None:
    kernel = np.arange(20, dtype=np.int8).reshape(4, 5) % 3
    kernel[3] = np.arange(5)
    assert kernel_figures(kernel).distinct == 5

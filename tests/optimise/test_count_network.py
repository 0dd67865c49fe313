"""What is counted on a Keras network, against its `.tflite` form and against numbers worked out by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from toolchain.convert.count_graph import count_graph
from toolchain.convert.read_tflite import read_graph
from toolchain.optimise.count_network import count_network
from toolchain.tensorflow_import import import_stack, tensorflow_noise_to

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tf_keras() -> Any:
    with tensorflow_noise_to(None):
        return import_stack("tf_keras")


def float_tflite(network: Any) -> bytes:
    tensorflow = import_stack("tensorflow")
    with tensorflow_noise_to(None):
        signature = tensorflow.TensorSpec((1, *network.input_shape[1:]), tensorflow.float32)
        traced = tensorflow.function(lambda x: network(x, training=False)).get_concrete_function(signature)
        converter = tensorflow.lite.TFLiteConverter.from_concrete_functions([traced], network)
        return bytes(converter.convert())


def test_every_kind_of_kernel_counts_as_the_converted_one_does(tf_keras: Any) -> None:
    layers = tf_keras.layers
    source = tf_keras.Input((16, 16, 4))
    x = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu", name="conv")(source)
    x = layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same", name="depthwise")(x)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.Conv2D(8, 3, groups=2, use_bias=False, name="grouped")(x)
    x = layers.SeparableConv2D(12, 3, padding="valid", name="separable")(x)
    x = layers.Conv2DTranspose(4, 3, strides=2, padding="same", name="transposed")(x)
    inner = tf_keras.Sequential(
        [tf_keras.Input((8, 8, 4)), layers.Conv2D(4, 1, name="inside"), layers.Flatten()], name="inner"
    )
    x = layers.Dense(5, activation="softmax", name="dense")(inner(x))
    network = tf_keras.Model(source, x)
    figures = count_network(network)
    macs = {layer.name: layer.macs for layer in figures.layers if layer.macs}
    assert macs == {
        "conv": 8 * 8 * 8 * 9 * 4,
        "depthwise": 8 * 8 * 16 * 9,
        "grouped": 6 * 6 * 8 * 9 * 8,
        "separable": 4 * 4 * 8 * 9 + 4 * 4 * 12 * 8,
        "transposed": 4 * 4 * 12 * 9 * 4,
        "inside": 8 * 8 * 4 * 4,
        "dense": 256 * 5,
    }
    graph = count_graph(read_graph(float_tflite(network), "all"))
    assert figures.macs == sum(macs.values()) == graph.macs
    assert figures.parameters == network.count_params()
    assert figures.bytes == 4 * figures.parameters


def test_recurrent_layers_and_attention(tf_keras: Any) -> None:
    layers = tf_keras.layers
    source = tf_keras.Input((10, 6))
    x = layers.LSTM(5, return_sequences=True, name="lstm")(source)
    x = layers.Conv1D(8, 3, name="conv")(x)
    x = layers.TimeDistributed(layers.Dense(7), name="each")(x)
    x = layers.Bidirectional(layers.GRU(3), name="both")(x)
    network = tf_keras.Model(source, layers.Dense(2)(x))
    macs = [layer.macs for layer in count_network(network).layers]
    assert macs == [0, 10 * 4 * 5 * 11, 8 * 8 * 15, 8 * 7 * 8, 2 * 8 * 3 * 3 * 10, 12]
    attended = layers.MultiHeadAttention(2, 4)(source, source)
    unknown = count_network(tf_keras.Model(source, attended))
    assert unknown.macs is None  # not guessed
    assert unknown.parameters > 0


def test_zeros_and_values_are_those_of_the_weights(tf_keras: Any) -> None:
    network = tf_keras.Sequential(
        [tf_keras.Input((8,)), tf_keras.layers.Dense(4, name="a"), tf_keras.layers.Dense(4, name="b")]
    )
    kernel = np.repeat([[0.0, 1.0, 0.0, -1.0]], 8, axis=0)
    network.layers[0].set_weights([kernel, np.ones(4)])
    first, second = count_network(network).layers
    assert first.kernel is not None
    assert second.kernel is not None
    # Each output channel holds one value, and half of the channels are zero throughout.
    assert (first.kernel.zeros, first.kernel.distinct, first.kernel.two_of_four) == (16, 1, 0.5)
    assert [block.zero for block in first.kernel.blocks] == [0, 4]
    assert second.kernel.zeros == 0


def test_what_only_training_needs_is_looked_through(tf_keras: Any) -> None:
    with tensorflow_noise_to(None):
        sparsity = import_stack("tensorflow_model_optimization").sparsity.keras
        quantise = import_stack("tensorflow_model_optimization").quantization.keras.quantize_model
    plain = tf_keras.Sequential(
        [tf_keras.Input((6, 6, 1)), tf_keras.layers.Conv2D(4, 3), tf_keras.layers.Flatten()]
    )
    wanted = count_network(plain)
    for wrap in (sparsity.prune_low_magnitude, quantise):
        with tensorflow_noise_to(None):
            figures = count_network(wrap(plain))
        assert (figures.parameters, figures.macs, figures.weights) == (
            wanted.parameters,
            wanted.macs,
            wanted.weights,
        )


@pytest.mark.parametrize(
    ("file", "macs"),
    [("kws_ref_model", 2_656_768), ("vww_mobilenet_v1_025_96.h5", 7_489_664)],
)
def test_mlperf_tiny(file: str, macs: int) -> None:
    from toolchain.load.keras_model import load_keras  # noqa: PLC0415

    path = Path(__file__).resolve().parents[3] / "shared" / "data" / "mlperf_tiny" / file
    if not path.exists():
        pytest.skip(f"{path} is not here")
    assert count_network(load_keras(path).network).macs == macs

"""A small data set that is real, and networks trained on it, for the tests of the steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_digits

from toolchain.convert.read_tflite import read_graph
from toolchain.convert.to_int8 import convert_to_int8
from toolchain.load.input_bytes import quantise_inputs
from toolchain.network_file import save_network
from toolchain.optimise.metric import Metric
from toolchain.optimise.step_context import StepContext
from toolchain.simulate.oracle import Oracle
from toolchain.tensorflow_import import import_stack, tensorflow_noise_to
from toolchain.vocabulary.data import DataSet, Samples
from toolchain.vocabulary.graph import Graph


def silent(share: float, words: str) -> None:
    pass


def digits() -> DataSet:
    """scikit-learn's 1,797 digits as (8, 8, 1), 0…1; the first 1,200 for training."""
    images, labels = load_digits(return_X_y=True)
    inputs, ids = (images.reshape(-1, 8, 8, 1) / 16).astype(np.float32), labels.astype(np.int64)
    train, test = Samples(inputs[:1200], ids[:1200]), Samples(inputs[1200:], ids[1200:])
    return DataSet(Path("digits.npz"), "0" * 64, train, test)


def train(network: Any, data: DataSet, epochs: int) -> Any:
    assert data.train is not None
    optimizer = import_stack("tf_keras").optimizers.Adam(3e-3)
    network.compile(optimizer, "sparse_categorical_crossentropy")
    with tensorflow_noise_to(None):
        network.fit(data.train.inputs, data.train.labels, epochs=epochs, verbose=0)
    return network


def residual_network(data: DataSet) -> Any:
    """Convolutions, a residual sum, a depthwise block and a concatenation; each with BatchNormalization."""
    tf_keras = import_stack("tf_keras")
    layers = tf_keras.layers
    tf_keras.utils.set_random_seed(1)

    def normed(x: Any) -> Any:
        return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))

    source = tf_keras.Input((8, 8, 1))
    x = skip = normed(layers.Conv2D(16, 3, padding="same", use_bias=False, name="stem")(source))
    x = normed(layers.Conv2D(16, 3, padding="same", name="inner")(x))
    x = layers.Add()([x, skip])
    x = normed(layers.DepthwiseConv2D(3, strides=2, padding="same", name="depthwise")(x))
    x = normed(layers.Conv2D(24, 1, name="pointwise")(x))
    side = normed(layers.Conv2D(16, 3, padding="same", name="side")(x))
    x = layers.AveragePooling2D(2)(layers.Concatenate()([x, side]))
    x = layers.Dense(32, activation="relu", name="hidden")(layers.Flatten()(x))
    network = tf_keras.Model(source, layers.Dense(10, activation="softmax", name="digit")(x))
    return train(network, data, 8)


def context_of(data: DataSet | None, network: Any, seed: int = 0) -> StepContext:
    return StepContext(data, seed, silent, original=network)


def accuracy_of(network: Any, data: DataSet) -> float:
    score = Metric()(network, data.test)
    assert score is not None
    assert score.metric == "accuracy"
    return score.value


def to_int8(network: Any, data: DataSet, folder: Path) -> tuple[Graph, float]:
    """The network as an int8 graph, and how many of the held-out digits TensorFlow Lite Micro has right."""
    assert data.train is not None
    file = folder / "network.keras"
    with tensorflow_noise_to(None):
        save_network(network, file)
    model = convert_to_int8(file, np.asarray(data.train.inputs[:200], np.float32), progress=silent)
    graph = read_graph(model, "network")
    source = graph.tensors[graph.inputs[0]]
    rows = quantise_inputs(data.test, source.dtype, source.quantisation, source.shape)
    got = Oracle(model).run(rows).view(np.int8).argmax(axis=1)
    assert data.test.labels is not None
    return graph, float(np.mean(got == data.test.labels))

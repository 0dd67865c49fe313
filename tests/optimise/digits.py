"""The digits, networks trained on them, and what becomes of a network in int8: for the tests of steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.datasets import load_digits
from tflite_micro.python.tflite_micro import runtime

from toolchain.convert.check_int8 import require_fully_integer
from toolchain.convert.read_tflite import read_graph
from toolchain.convert.to_int8 import convert_to_int8
from toolchain.network_file import save_network
from toolchain.optimise.count_network import count_network
from toolchain.optimise.metric import Metric
from toolchain.optimise.step_context import StepContext
from toolchain.tensorflow_import import import_stack, tensorflow_noise_to
from toolchain.vocabulary.data import DataSet, Samples
from toolchain.vocabulary.graph import Graph

Array = npt.NDArray[np.generic]


def silent(share: float, words: str) -> None:
    pass


def data_of(*shape: int) -> DataSet:
    """1,200 digits to train on and 597 held out, each as an array of `shape`."""
    images, labels = load_digits(return_X_y=True)
    inputs, ids = (images.reshape(-1, *shape) / 16).astype(np.float32), labels.astype(np.int64)
    train, test = Samples(inputs[:1200], ids[:1200]), Samples(inputs[1200:], ids[1200:])
    return DataSet(Path("digits.npz"), "0" * 64, train, test)


def context(data: DataSet | None, network: Any = None, seed: int = 3) -> StepContext:
    """`network` is the one that was given, which teaches unless another teacher is named."""
    return StepContext(data, seed, silent, original=network)


def macs_of(network: Any) -> int:
    found = count_network(network).macs
    assert found is not None
    return found


def stack() -> Any:
    with tensorflow_noise_to(None):
        import_stack("tensorflow").config.experimental.enable_op_determinism()
        return import_stack("tf_keras")


def train(network: Any, data: DataSet, epochs: int) -> Any:
    assert data.train is not None
    network.compile(stack().optimizers.Adam(3e-3), "sparse_categorical_crossentropy")
    with tensorflow_noise_to(None):
        network.fit(data.train.inputs, data.train.labels, epochs=epochs, verbose=0)
    return network


def image_network(data: DataSet, epochs: int = 6) -> Any:
    """Trained, 90 % and more: batch normalisation, depthwise, both kinds of ReLU, and Dense."""
    tf_keras = stack()
    layers = tf_keras.layers
    tf_keras.utils.set_random_seed(1)
    source = tf_keras.Input((8, 8, 1), name="image")
    x = layers.Conv2D(16, 3, padding="same", use_bias=False, name="conv")(source)
    x = layers.ReLU(name="relu")(layers.BatchNormalization(momentum=0.8, name="conv_bn")(x))
    x = layers.DepthwiseConv2D(3, padding="same", name="depthwise")(x)
    x = layers.ReLU(6.0, name="relu6")(layers.BatchNormalization(momentum=0.8, name="depthwise_bn")(x))
    x = layers.Conv2D(24, 1, activation="relu", name="pointwise")(layers.MaxPooling2D(2, name="pool")(x))
    x = layers.Dense(20, name="hidden")(layers.Flatten(name="flat")(x))
    x = layers.ReLU(name="hidden_relu")(layers.BatchNormalization(momentum=0.8, name="hidden_bn")(x))
    x = layers.Dense(10, activation="softmax", name="digit")(x)
    return train(tf_keras.Model(source, x), data, epochs)


def residual_network(data: DataSet) -> Any:
    """Convolutions, a residual sum, a depthwise block and a concatenation; each with BatchNormalization."""
    tf_keras = stack()
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


def accuracy(network: Any, data: DataSet) -> float:
    score = Metric()(network, data.test)
    assert score is not None
    assert score.metric == "accuracy"
    return score.value


def int8_of(network: Any, data: DataSet, folder: Path) -> tuple[bytes, Graph]:
    """The network as an int8 `.tflite`, every tensor of it checked to be an integer."""
    assert data.train is not None
    file = folder / "network.keras"
    with tensorflow_noise_to(None):
        save_network(network, file)
    model = convert_to_int8(file, np.asarray(data.train.inputs[:100], np.float32), progress=silent)
    graph = read_graph(model, "digits")
    require_fully_integer(graph)
    return model, graph


def int8_and_accuracy(network: Any, data: DataSet, folder: Path) -> tuple[Graph, float]:
    """The same, and how many of the held-out digits TensorFlow Lite Micro has right."""
    model, graph = int8_of(network, data, folder)
    return graph, float(np.mean(int8_answers(model, graph, data) == data.test.labels))


def kernels(graph: Graph) -> dict[str, list[Array]]:
    """The int8 kernels of a graph by operator, in order, outputs first as TFLite stores them."""
    found: dict[str, list[Array]] = {}
    for operator in graph.operators:
        if operator.name in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
            values = graph.tensors[operator.inputs[1]].data
            assert values is not None
            assert values.dtype == np.int8
            found.setdefault(operator.name, []).append(values)
    return found


def int8_answers(model: bytes, graph: Graph, data: DataSet) -> npt.NDArray[np.int64]:
    """The classes that TensorFlow Lite Micro tells for the held-out samples."""
    interpreter = runtime.Interpreter.from_bytes(model)
    tensor = graph.tensors[graph.inputs[0]]
    assert tensor.quantisation is not None
    scale, zero = tensor.quantisation.scales[0], tensor.quantisation.zero_points[0]
    answers = []
    for sample in data.test.inputs:
        values = np.round(np.asarray(sample, np.float64) / scale) + zero
        interpreter.set_input(np.clip(values, -128, 127).astype(np.int8).reshape(tensor.shape), 0)
        interpreter.invoke()
        answers.append(int(np.argmax(interpreter.get_output(0))))
    return np.asarray(answers)

"""Quantisation-aware training: what is rounded in training is what the board gets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.optimise.digits import (
    accuracy,
    context,
    data_of,
    image_network,
    int8_answers,
    int8_of,
    kernels,
    stack,
    train,
)
from toolchain.errors import ModelError, NotQuantisedError
from toolchain.network_file import load_network, save_network
from toolchain.optimise.fine_tune import fine_tune
from toolchain.optimise.predict import predict
from toolchain.optimise.prune import prune
from toolchain.optimise.qat import qat
from toolchain.tensorflow_import import tensorflow_noise_to
from toolchain.vocabulary.data import DataSet
from toolchain.vocabulary.graph import Graph
from toolchain.vocabulary.steps.fine_tune import FineTuneSettings
from toolchain.vocabulary.steps.prune import PruneSettings
from toolchain.vocabulary.steps.qat import QatSettings

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def digits() -> DataSet:
    return data_of(8, 8, 1)


@pytest.fixture(scope="module")
def network(digits: DataSet) -> Any:
    return image_network(digits)


def run(network: Any, data: DataSet, **settings: Any) -> Any:
    with tensorflow_noise_to(None):
        return qat(network, QatSettings(**{"epochs": 2, **settings}), context(data))


def rounded_by(layer: Any) -> np.ndarray[Any, Any]:
    """The kernel of a wrapped layer as its training rounds it."""
    ((kernel, quantizer, ranges),) = layer._weight_vars
    return np.asarray(quantizer(kernel, False, ranges))


def trained_names(network: Any) -> set[str]:
    return {layer.layer.name for layer in network.layers if getattr(layer, "_weight_vars", None)}


def real_kernels(graph: Graph) -> list[np.ndarray[Any, Any]]:
    """The kernels of a graph in the units of the float model, in order."""
    found = []
    for operator in graph.operators:
        if operator.name in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
            tensor = graph.tensors[operator.inputs[1]]
            assert tensor.data is not None
            assert tensor.quantisation is not None
            shape = [1] * tensor.data.ndim
            shape[-1 if operator.name == "DEPTHWISE_CONV_2D" else 0] = len(tensor.quantisation.scales)
            found.append(tensor.data * np.asarray(tensor.quantisation.scales).reshape(shape))
    return found


def test_the_whole_network_is_trained_as_the_board_will_compute_it(
    network: Any, digits: DataSet, tmp_path: Path
) -> None:
    before = [weight.copy() for weight in network.get_weights()]
    trained = run(network, digits)
    for old, now in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(old, now, err_msg="the network that was given has changed")
    assert trained_names(trained) == {"conv", "depthwise", "pointwise", "hidden", "digit"}
    assert accuracy(trained, digits) > accuracy(network, digits) - 0.02

    model, graph = int8_of(trained, digits, tmp_path)
    assert [operator.name for operator in graph.operators] == [
        *("CONV_2D", "DEPTHWISE_CONV_2D", "MAX_POOL_2D", "CONV_2D", "RESHAPE"),
        *("FULLY_CONNECTED", "FULLY_CONNECTED", "SOFTMAX"),
    ]
    # The effect: the weights on the board are, each one, those that training rounded to.
    wrapped = [layer for layer in trained.layers if getattr(layer, "_weight_vars", None)]
    for layer, real in zip(wrapped, real_kernels(graph), strict=True):
        expected = rounded_by(layer)
        turned = expected.transpose(3, 0, 1, 2) if expected.ndim == 4 else expected.T
        if layer.layer.name == "depthwise":
            turned = expected.transpose(3, 0, 1, 2).reshape(1, 3, 3, -1)
        np.testing.assert_allclose(real, turned, atol=1e-6, err_msg=layer.name)
    # And so is what comes out.
    told = int8_answers(model, graph, digits)
    assert np.mean(told == predict(trained, digits.test).argmax(axis=1)) > 0.98


def test_what_is_saved_comes_back(network: Any, digits: DataSet, tmp_path: Path) -> None:
    trained = run(network, digits, epochs=1)
    with tensorflow_noise_to(None):
        save_network(trained, tmp_path / "n.keras")
        again = load_network(tmp_path / "n.keras")
        np.testing.assert_array_equal(predict(again, digits.test), predict(trained, digits.test))
        # More training of it goes on from there, as quantisation-aware as before.
        tuned = fine_tune(again, FineTuneSettings(epochs=1), context(digits))
    assert trained_names(tuned) == trained_names(trained)
    assert accuracy(tuned, digits) > 0.85


@pytest.mark.parametrize(
    ("choice", "names"),
    [
        ({"layers": ("conv", "depth*")}, {"conv", "depthwise"}),
        ({"skip": ("pointwise", "flat")}, {"conv", "depthwise", "hidden", "digit"}),
    ],
)
def test_chosen_layers_alone_are_trained_and_the_rest_is_quantised_afterwards(
    network: Any, digits: DataSet, tmp_path: Path, choice: dict[str, Any], names: set[str]
) -> None:
    trained = run(network, digits, epochs=1, **choice)
    assert trained_names(trained) == names
    model, graph = int8_of(trained, digits, tmp_path)
    assert {tensor.dtype for tensor in graph.tensors} == {"INT8", "INT32"}
    reals = dict(zip(("conv", "depthwise", "pointwise", "hidden", "digit"), real_kernels(graph), strict=True))
    for layer in trained.layers:
        if getattr(layer, "layer", None) is not None and layer.layer.name in names - {"depthwise"}:
            expected = rounded_by(layer)
            turned = expected.transpose(3, 0, 1, 2) if expected.ndim == 4 else expected.T
            np.testing.assert_allclose(reals[layer.layer.name], turned, atol=1e-6, err_msg=layer.name)
    told = int8_answers(model, graph, digits)
    assert np.mean(told == predict(trained, digits.test).argmax(axis=1)) > 0.97


def test_layers_that_the_library_does_not_know(tmp_path: Path) -> None:
    """Rescaling, Conv1D with its batch normalisation, causal, separable, depthwise, Multiply, a lone norm."""
    digits, tf_keras = data_of(16, 4), stack()
    layers = tf_keras.layers
    tf_keras.utils.set_random_seed(1)
    source = tf_keras.Input((16, 4))
    x = layers.Rescaling(2.0, -1.0, name="scale")(source)
    x = layers.Conv1D(12, 3, padding="causal", use_bias=False, name="causal")(x)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    y = layers.DepthwiseConv1D(3, padding="same", activation="relu6", name="depth")(x)
    y = layers.SeparableConv1D(12, 3, padding="same", activation="sigmoid", name="separable")(y)
    x = layers.BatchNormalization(name="alone")(layers.Multiply(name="gate")([x, y]))
    x = layers.Flatten()(layers.MaxPooling1D(2)(x))
    x = layers.Dense(10, activation="softmax", name="digit")(x)
    network = train(tf_keras.Model(source, x), digits, 3)
    trained = run(network, digits)
    assert trained_names(trained) == {"causal", "depth", "separable_depthwise", "separable", "digit"}
    assert accuracy(trained, digits) > accuracy(network, digits) - 0.03
    model, graph = int8_of(trained, digits, tmp_path)
    found = kernels(graph)
    assert [kernel.shape for kernel in found["CONV_2D"]] == [(12, 1, 3, 4), (12, 1, 1, 12)]
    assert [kernel.shape for kernel in found["DEPTHWISE_CONV_2D"]] == [(1, 1, 3, 12)] * 2
    causal = graph.tensors[next(o for o in graph.operators if o.name == "CONV_2D").inputs[1]]
    assert causal.quantisation is not None
    assert len(causal.quantisation.scales) == 12
    told = int8_answers(model, graph, digits)
    assert np.mean(told == predict(trained, digits.test).argmax(axis=1)) > 0.95


def test_a_concatenation_of_several_shapes_of_branches(digits: DataSet, tmp_path: Path) -> None:
    tf_keras = stack()
    layers = tf_keras.layers
    source = tf_keras.Input((8, 8, 1))
    a = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(6, 3, padding="same", name="a")(source)))
    b = layers.Conv2D(6, 1, padding="same", activation="relu", name="b")(source)
    c = layers.Add(name="sum")([a, b])
    x = layers.Concatenate()([a, b, layers.ReLU()(c)])
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(16, 3, activation="relu", name="c")(x))
    network = train(tf_keras.Model(source, layers.Dense(10, activation="softmax")(x)), digits, 3)
    trained = run(network, digits)
    model, graph = int8_of(trained, digits, tmp_path)
    told = int8_answers(model, graph, digits)
    assert np.mean(told == predict(trained, digits.test).argmax(axis=1)) > 0.95


def test_what_stays_float_behind_the_converters_back_is_found(digits: DataSet, tmp_path: Path) -> None:
    """TFLite has no ELU in int8: the converter computes it in float between two integer layers."""
    tf_keras = stack()
    layers = tf_keras.layers
    source = tf_keras.Input((8, 8, 1))
    x = layers.ELU()(layers.BatchNormalization()(layers.Dense(16)(layers.Flatten()(source))))
    network = train(tf_keras.Model(source, layers.Dense(10, activation="softmax")(x)), digits, 1)
    trained = run(network, digits, epochs=1)
    with pytest.raises(NotQuantisedError, match="stayed FLOAT32"):
        int8_of(trained, digits, tmp_path)


def test_what_cannot_be_is_refused(network: Any, digits: DataSet) -> None:
    with pytest.raises(ModelError, match=r"is called 'conf'. There are: conv, "):
        run(network, digits, layers=("conf",))
    with pytest.raises(ModelError, match="None of the chosen layers has weights"):
        run(network, digits, layers=("pool",))
    trained = run(network, digits, epochs=1)
    again = r"quantisation-aware already.*Put the step 'qat' last"
    with pytest.raises(ModelError, match=again):
        run(trained, digits)
    with pytest.raises(ModelError, match=again):
        prune(trained, PruneSettings(epochs=1), context(digits))
    layers, source = stack().layers, stack().Input((8, 8))
    for kind, words in (
        (layers.GRU, r"'cell' is a GRU.*skip = \[\"cell\"\]"),
        (layers.LSTM, "'cell' is an LSTM, which TensorFlow's converter cannot"),
    ):
        x = layers.Dense(10, activation="softmax")(kind(4, name="cell")(source))
        with pytest.raises(ModelError, match=words):
            run(stack().Model(source, x), data_of(8, 8))

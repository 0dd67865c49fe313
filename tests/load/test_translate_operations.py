"""Operations of keras.ops and activations without a layer in tf_keras: the same numbers, kept in a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from toolchain.convert.read_tflite import read_graph
from toolchain.convert.to_int8 import convert_to_int8
from toolchain.errors import TranslationError
from toolchain.load.keras3_operations import ACTIVATIONS
from toolchain.load.translate_keras3 import translate
from toolchain.load.verify_translation import require_same_outputs
from toolchain.network_file import load_network, save_network
from toolchain.tensorflow_import import import_stack, tensorflow_noise_to

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def keras() -> Any:
    with tensorflow_noise_to(None):
        return import_stack("keras")


def translated(original: Any) -> Any:
    """The `tf_keras` model, verified; `require_same_outputs` compares on random input."""
    translation = translate(original)
    require_same_outputs(original, translation)
    return translation.network


def silent(share: float, words: str) -> None:
    pass


Build = Callable[[Any, Any], Any]
BUILDS: dict[str, Build] = {
    "arithmetic": lambda ops, x: (1.0 - (x * 2.0 + 1.0)) / 3.0 - (-x),
    "of two": lambda ops, x: ops.relu(x) + x * ops.sigmoid(x) - ops.maximum(x, ops.tanh(x)),
    "powers": lambda ops, x: ops.sqrt(ops.abs(x) + 1.0) + x**2 + ops.exp(ops.minimum(x, 0.5)) + ops.square(x),
    "reductions": lambda ops, x: ops.mean(x, axis=(1, 2)) + ops.max(ops.sum(x, axis=1), axis=1),
    "kept axes": lambda ops, x: x - ops.mean(x, axis=-1, keepdims=True) + ops.min(x, axis=3, keepdims=True),
    "moved": lambda ops, x: ops.transpose(ops.reshape(x, (-1, 36, 4)), (0, 2, 1)),
    "sliced": lambda ops, x: x[:, 1:5:2, ..., -1],
    "axes": lambda ops, x: ops.squeeze(ops.expand_dims(ops.stack([x, x], axis=1), -1), -1),
    "joined": lambda ops, x: ops.concatenate([x, ops.relu6(x)], axis=-1),
    "split": lambda ops, x: ops.add(*ops.split(x, 2, axis=-1)),
    "split at": lambda ops, x: ops.split(x, [1, 3], axis=-1)[1],
    "padded": lambda ops, x: ops.pad(x, ((0, 0), (1, 2), (0, 1), (0, 0))),
    "clipped": lambda ops, x: ops.clip(x, -0.5, 0.6),
    "chosen": lambda ops, x: ops.where(x > 0.2, x, 0.1 * x),
    "multiplied": lambda ops, x: ops.matmul(x, ops.transpose(x, (0, 1, 3, 2))),
    "softmax": lambda ops, x: ops.softmax(ops.leaky_relu(ops.gelu(x)), axis=-1),
    "an array": lambda ops, x: x * np.arange(4, dtype=np.float32),
}


@pytest.mark.parametrize("name", BUILDS)
def test_an_operation_computes_the_same_and_survives_its_file(keras: Any, tmp_path: Path, name: str) -> None:
    source = keras.Input((6, 6, 4))
    original = keras.Model(source, BUILDS[name](keras.ops, source))
    network = translated(keras.models.model_from_json(original.to_json()))
    save_network(network, tmp_path / "n.keras")
    given = np.random.default_rng(0).normal(size=(2, 6, 6, 4)).astype(np.float32)
    expected = np.asarray(original(given))
    np.testing.assert_allclose(network(given), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(load_network(tmp_path / "n.keras")(given), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "name", sorted({*ACTIVATIONS, "gelu", "mish", "silu", "hard_swish", "selu", "log_softmax"})
)
def test_an_activation_alone_and_within_a_layer(keras: Any, name: str) -> None:
    layers = keras.layers
    source = keras.Input((6, 4))
    x = layers.Conv1D(8, 3, activation=name)(layers.Activation(name)(source) if name != "glu" else source)
    translated(keras.Model(source, layers.Dense(4, activation=name)(x)))


def test_a_recurrent_layer_with_another_sigmoid_is_refused_by_name(keras: Any) -> None:
    model = keras.Sequential(
        [keras.Input((5, 3)), keras.layers.LSTM(4, recurrent_activation="hard_sigmoid", name="memory")]
    )
    with pytest.raises(TranslationError, match=r"'memory'.*'hard_sigmoid' with the values of Keras 3"):
        translate(model)


def test_settings_that_tf_keras_always_has(keras: Any) -> None:
    layers = keras.layers
    source = keras.Input((8, 8, 3))
    x = layers.Resizing(6, 6)(
        layers.CenterCrop(7, 7)(layers.RandomFlip()(layers.RandomRotation(0.2)(source)))
    )
    x = layers.ZeroPadding1D(2)(layers.Reshape((36, 3))(x))
    translated(keras.Model(source, x))


def test_a_published_network_of_operations_becomes_int8(keras: Any, tmp_path: Path) -> None:
    """MobileNetV3 is written in operations: hard_swish, squeeze and excite, residual sums."""
    original = keras.applications.MobileNetV3Small(
        weights=None, input_shape=(32, 32, 3), alpha=0.35, classes=4, dropout_rate=0.0
    )
    network = translated(original)
    small = keras.Model(original.inputs, original.get_layer("expanded_conv_4_add").output)
    save_network(translated(small), tmp_path / "small.keras")
    samples = np.random.default_rng(0).uniform(0, 255, (4, 32, 32, 3)).astype(np.float32)
    graph = read_graph(convert_to_int8(tmp_path / "small.keras", samples, progress=silent), "small")
    assert "HARD_SWISH" in {operator.name for operator in graph.operators}
    assert network.count_params() == original.count_params()

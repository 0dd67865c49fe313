"""Keras 3 models saved as files, loaded as tf_keras models, and compared with the originals.

The comparison here is on other input than load_keras's own, through all layers to the outputs.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from toolchain.errors import ModelError, TranslationError
from toolchain.load import verify_translation
from toolchain.load.keras_model import load_keras
from toolchain.load.translate_keras3 import translate
from toolchain.load.verify_translation import require_same_outputs
from toolchain.tensorflow_import import import_stack, tensorflow_noise_to

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def keras() -> Any:
    with tensorflow_noise_to(None):
        return import_stack("keras")


def save(model: Any, path: Path) -> None:
    """Keras 3's own saving is not under test, nor are its deprecations."""
    with tensorflow_noise_to(None):
        model.save(path)


def sequential(keras: Any) -> Any:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((12, 12, 2)),
            layers.Rescaling(1 / 16, offset=-0.5),
            layers.Conv2D(4, 3, strides=2, padding="same", activation="relu", kernel_regularizer="l2"),
            layers.LeakyReLU(negative_slope=0.2),
            layers.ZeroPadding2D(((0, 1), (1, 0))),
            layers.Conv2DTranspose(3, 2, activation="elu"),
            layers.PReLU(shared_axes=[1, 2]),
            layers.GlobalAveragePooling2D(keepdims=True),
            layers.Flatten(),
            layers.Dropout(0.5, seed=3),
            layers.Dense(5, activation="softmax", kernel_constraint=keras.constraints.MaxNorm(2)),
        ],
        name="a sequential model!",
    )


def residual(keras: Any) -> Any:
    layers = keras.layers
    source = keras.Input((8, 8, 3), name="image in")
    x = layers.Conv2D(6, 3, padding="same", use_bias=False, name="conv 1!first")(source)
    x = skip = layers.ReLU(6.0, name="_relu6")(layers.BatchNormalization(epsilon=1e-2)(x))
    x = layers.DepthwiseConv2D(3, padding="same", depth_multiplier=1)(x)
    x = layers.Activation("relu6", name="Same")(layers.BatchNormalization(center=False)(x))
    x = layers.Add(name="same")([x, skip])
    x = layers.SeparableConv2D(4, 3, activation="silu")(x)
    return keras.Model(source, layers.Dense(3, name="größe")(layers.GlobalMaxPooling2D()(x)))


def one_dimension(keras: Any) -> Any:
    layers = keras.layers
    source = keras.Input((20, 3))
    x = layers.Conv1D(4, 5, padding="causal", dilation_rate=2, activation="tanh")(source)
    x = layers.MaxPooling1D(2)(layers.SeparableConv1D(5, 3)(x))
    x = layers.Bidirectional(layers.LSTM(3, return_sequences=True))(x)
    x = layers.TimeDistributed(layers.Dense(4, activation="sigmoid"))(x)
    return keras.Model(source, layers.GRU(3)(layers.LayerNormalization()(x)))


def several_inputs(keras: Any) -> Any:
    layers = keras.layers
    left, right = keras.Input((4,), name="left"), keras.Input((6,), name="right")
    shared = layers.Dense(5, activation="gelu")
    a = shared(layers.Dense(3)(left))
    b = shared(layers.Dense(3, activation="softplus")(right))
    joined = layers.Concatenate(axis=-1)([a, layers.Subtract()([a, b]), layers.Multiply()([b, b])])
    return keras.Model([left, right], [layers.Dense(2)(joined), layers.Softmax()(joined)])


def nested(keras: Any) -> Any:
    layers = keras.layers
    inner_source = keras.Input((4, 4, 2))
    inner = keras.Model(
        inner_source, layers.Conv2D(2, 3, padding="same", name="conv")(inner_source), name="block"
    )
    head = keras.Sequential([layers.Flatten(), layers.Dense(3, name="conv")], name="head")
    source = keras.Input((4, 4, 2))
    return keras.Model(source, head(inner(inner(source))))


def normalised(keras: Any) -> Any:
    layer = keras.layers.Normalization()
    layer.adapt(np.random.default_rng(0).normal(3, 2, size=(50, 4)).astype(np.float32))
    return keras.Sequential([keras.Input((4,)), layer, keras.layers.Dense(2)])


def attention(keras: Any) -> Any:
    layers = keras.layers
    source = keras.Input((6, 4))
    x = layers.MultiHeadAttention(2, 3)(source, source)
    return keras.Model(source, layers.Dot(axes=1)([x, layers.Permute((1, 2))(x)]))


def embedded(keras: Any) -> Any:
    return keras.Sequential(
        [keras.Input((7,), dtype="int32"), keras.layers.Embedding(9, 3), keras.layers.GRU(2)]
    )


def with_random_weights(model: Any) -> Any:
    """Fresh models have zeros and ones in their biases and moving averages, which hide mix-ups."""
    random = np.random.default_rng(11)
    model.set_weights(
        [random.uniform(0.2, 0.9, weight.shape).astype(weight.dtype) for weight in model.get_weights()]
    )
    return model


@pytest.mark.parametrize(
    "build", [sequential, residual, one_dimension, several_inputs, nested, normalised, attention, embedded]
)
def test_a_translated_model_computes_the_same(
    keras: Any, tmp_path: Path, build: Callable[[Any], Any]
) -> None:
    keras.utils.set_random_seed(1)
    original = build(keras)
    original = original if build is normalised else with_random_weights(original)
    path = tmp_path / "model.keras"
    save(original, path)
    network = load_keras(path).network
    assert type(network).__module__.startswith("tf_keras")
    random = np.random.default_rng(2)
    inputs = [
        random.integers(0, 9, (3, *tensor.shape[1:]))
        if "int" in str(tensor.dtype)
        else random.normal(0, 2, (3, *tensor.shape[1:])).astype(np.float32)
        for tensor in original.inputs
    ]
    given = inputs if len(inputs) > 1 else inputs[0]
    expected, got = original(given, training=False), network(given, training=False)
    for left, right in zip(_as_list(expected), _as_list(got), strict=True):
        np.testing.assert_allclose(right, left, rtol=2e-5, atol=1e-6)
    assert sum(w.size for w in network.get_weights()) >= sum(w.size for w in original.get_weights())


def _as_list(value: Any) -> list[Any]:
    return [np.asarray(item) for item in value] if isinstance(value, (list, tuple)) else [np.asarray(value)]


def test_models_within_models_are_laid_flat(keras: Any) -> None:
    network = translate(nested(keras)).network
    assert [layer.name for layer in network.layers][1:] == ["block_conv", "head_flatten", "head_conv"] or [
        layer.name.split("_")[0] for layer in network.layers
    ][1:] == ["block", "head", "head"]


def test_regularisers_and_names_survive(keras: Any) -> None:
    network = translate(sequential(keras)).network
    conv = next(layer for layer in network.layers if type(layer).__name__ == "Conv2D")
    assert conv.kernel_regularizer.l2 == pytest.approx(0.01)
    named = translate(residual(keras)).network
    assert "conv_1_first" in [layer.name for layer in named.layers]


def operation(keras: Any) -> Any:
    source = keras.Input((4,))
    return keras.Model(source, keras.layers.Dense(2)(keras.ops.cumsum(source, axis=1)))


def mixed_precision(keras: Any) -> Any:
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, dtype="mixed_float16", name="half")])


def unknown_activation(keras: Any) -> Any:
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, activation="squareplus", name="odd")])


def missing_layer(keras: Any) -> Any:
    return keras.Sequential([keras.Input((4,)), keras.layers.RMSNormalization(name="rms")])


def setting_without_counterpart(keras: Any) -> Any:
    return keras.Sequential(
        [
            keras.Input((4, 4)),
            keras.layers.Conv1D(2, 2, name="first"),
            keras.layers.Flatten(data_format="channels_first", name="turned"),
        ]
    )


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (operation, "'cumsum'.*keras.ops"),
        (mixed_precision, "'half'.*mixed_float16"),
        (unknown_activation, "'odd'.*no activation 'squareplus'"),
        (missing_layer, "'rms'.*no layer RMSNormalization"),
        (setting_without_counterpart, "'turned'.*channels_first"),
    ],
)
def test_what_cannot_be_translated_is_named(
    keras: Any, tmp_path: Path, build: Callable[[Any], Any], words: str
) -> None:
    path = tmp_path / "model.keras"
    save(build(keras), path)
    with pytest.raises(TranslationError, match=words):
        load_keras(path)


def test_a_class_of_ones_own_is_named(keras: Any, tmp_path: Path) -> None:
    class Mine(keras.layers.Dense):  # type: ignore[misc]
        pass

    model = keras.Sequential([keras.Input((4,)), Mine(2, name="own")])
    with pytest.raises(TranslationError, match=r"'own'.*Mine is a class of its own"):
        translate(model)
    save(model, tmp_path / "model.keras")
    with pytest.raises(ModelError):
        load_keras(tmp_path / "model.keras")


def test_a_subclassed_model_is_refused(keras: Any) -> None:
    class Net(keras.Model):  # type: ignore[misc]
        pass

    with pytest.raises(TranslationError, match="is a Net"):
        translate(Net())


def test_a_lambda_is_never_run(keras: Any, tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    save(keras.Sequential([keras.Input((4,)), keras.layers.Lambda(lambda x: x * 2, name="evil")]), path)
    with pytest.raises(TranslationError, match="'evil' is a Lambda"):
        load_keras(path)


def test_a_wrong_translation_is_found_and_its_layer_named(keras: Any) -> None:
    original = with_random_weights(residual(keras))
    translation = translate(original)
    require_same_outputs(original, translation)
    broken = next(new for old, new in translation.pairs if old.name == "Same")
    broken.activation = import_stack("tf_keras").activations.relu
    with pytest.raises(TranslationError, match="'Same' computes something else"):
        require_same_outputs(original, translation)


def test_not_a_number_on_one_side_counts_as_different() -> None:
    nan = np.array([1.0, np.nan])
    assert verify_translation._largest_difference(nan, np.ones(2)) == np.inf
    assert verify_translation._largest_difference(nan, nan) == 0
    assert verify_translation._largest_difference(np.ones(2), np.ones(3)) == np.inf


def test_an_open_shape_is_refused(keras: Any, tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    save(keras.Sequential([keras.Input((None, 3)), keras.layers.Conv1D(2, 1)]), path)
    with pytest.raises(ModelError, match="open shape"):
        load_keras(path)

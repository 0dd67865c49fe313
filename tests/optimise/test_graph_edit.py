"""Networks rewritten for quantisation-aware training compute what they computed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.optimise.digits import stack
from toolchain.errors import ModelError
from toolchain.optimise.fold_batch_norm import fold_batch_norm
from toolchain.optimise.graph_edit import GraphEdit, refuse_nested
from toolchain.optimise.images_of_sequences import images_of_sequences
from toolchain.optimise.split_separable import split_separable
from toolchain.tensorflow_import import import_stack

pytestmark = pytest.mark.slow

Network = Callable[[Any], Any]


def shaken(network: Any) -> Any:
    """With weights that are none of them at a default."""
    random = np.random.default_rng(0)
    network.set_weights(
        [random.uniform(0.1, 0.9, weight.shape) - 0.4 * (weight.ndim > 1) for weight in network.get_weights()]
    )
    return network


def require_same(one: Any, other: Any) -> None:
    random = np.random.default_rng(1)
    given = [random.normal(size=(3, *tensor.shape[1:])).astype(np.float32) for tensor in one.inputs]
    expected, got = (
        network(given if len(given) > 1 else given[0], training=False) for network in (one, other)
    )
    many = isinstance(expected, list)
    for left, right in zip(expected if many else [expected], got if many else [got], strict=True):
        scale = float(np.abs(np.asarray(left)).max())
        np.testing.assert_allclose(np.asarray(left), np.asarray(right), atol=1e-5 * max(1.0, scale))


def kinds(network: Any) -> list[str]:
    return [type(layer).__name__ for layer in network.layers]


def images(layers: Any) -> Any:
    x = source = stack().Input((8, 8, 2))
    x = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(4, 3, use_bias=False)(x)))
    x = layers.BatchNormalization(scale=False)(layers.DepthwiseConv2D(3, depth_multiplier=2)(x))
    x = layers.BatchNormalization(center=False)(layers.Conv2DTranspose(3, 2)(x))
    x = layers.BatchNormalization()(layers.SeparableConv2D(5, 2, strides=2, activation="relu6")(x))
    x = layers.BatchNormalization()(layers.SeparableConv2D(5, 1)(x))
    x = layers.BatchNormalization()(layers.Dense(4)(layers.Flatten()(x)))
    return stack().Model(source, [x, layers.Softmax()(x)])


def sequences(layers: Any) -> Any:
    source = stack().Input((16, 4))
    x = layers.Conv1D(8, 3, padding="causal", dilation_rate=2, use_bias=False)(source)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    y = layers.Conv1D(8, 3, padding="same", groups=2, activation="relu")(x)
    x = layers.BatchNormalization()(layers.Add()([x, y]))
    x = layers.DepthwiseConv1D(3, strides=2, depth_multiplier=2, padding="same")(x)
    x = layers.SeparableConv1D(6, 3, strides=2, activation="tanh")(layers.BatchNormalization()(x))
    return stack().Model(source, layers.Flatten()(x))


def joined(layers: Any) -> Any:
    """Two inputs, a layer read twice, a shared layer, and operations of TensorFlow in the graph."""
    one, two = stack().Input((6,), name="one"), stack().Input((6,), name="two")
    shared = layers.Dense(4, name="shared")
    a, b = shared(one), shared(two)
    c = layers.Dense(4, name="read_twice")(one)
    d = layers.BatchNormalization()(c) + c * 2.0
    return stack().Model([one, two], [import_stack("tensorflow").nn.relu(layers.Add()([a, b])), d])


def test_batch_normalisation_is_folded_where_one_layer_feeds_it_alone() -> None:
    network = shaken(images(stack().layers))
    before = network.get_weights()
    folded, left = fold_batch_norm(network)
    require_same(network, folded)
    # Behind an activation it stays.
    assert kinds(folded).count("BatchNormalization") == len(left) == 1
    assert kinds(network).count("BatchNormalization") == 6
    for old, now in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(old, now)
    other = shaken(joined(stack().layers))
    folded, left = fold_batch_norm(other)
    require_same(other, folded)
    assert len(left) == 1


def test_sequences_become_images_and_separable_layers_two() -> None:
    network = shaken(sequences(stack().layers))
    folded, left = fold_batch_norm(network)
    assert len(left) == 1, "behind the sum"
    flat = split_separable(images_of_sequences(folded))
    require_same(network, flat)
    assert not [kind for kind in kinds(flat) if "1D" in kind and kind != "ZeroPadding1D"]
    assert not [kind for kind in kinds(flat) if kind.startswith("Separable")]
    # The ReLU is behind the convolution, where the converter can make one operator of them.
    relu = next(layer for layer in flat.layers if type(layer).__name__ == "ReLU")
    assert type(relu.input.node.layer).__name__ == "Conv2D"
    spread = split_separable(shaken(images(stack().layers)))
    require_same(shaken(images(stack().layers)), spread)


def test_layers_are_put_in_and_taken_out() -> None:
    network = shaken(joined(stack().layers))
    edit = GraphEdit(network)
    assert not edit.is_simple("shared")
    assert edit.is_simple("read_twice")
    assert edit.source("read_twice") == "one"
    assert len(edit.readers("read_twice")) == 2
    layers = stack().layers
    edit.put_behind("read_twice", layers.Activation("linear", name="behind"))
    edit.put_before("read_twice", layers.Dense(6, name="before"), [np.eye(6), np.zeros(6)])
    assert edit.readers("read_twice") == ["behind"]
    edited = edit.built()
    require_same(network, edited)
    back = GraphEdit(edited)
    back.remove("behind")
    back.remove("before")
    require_same(network, back.built())


def test_a_model_within_the_model_is_refused() -> None:
    tf_keras = stack()
    source = tf_keras.Input((4,))
    inner = tf_keras.Sequential([tf_keras.layers.Dense(3)], name="inner")
    with pytest.raises(ModelError, match="'inner' is a model of its own, which the step 'qat'"):
        refuse_nested(tf_keras.Model(source, inner(source)), "qat")

"""Removing channels is the same as no one reading them: exact, whatever the network looks like."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toolchain.optimise.channel_costs import layer_costs
from toolchain.optimise.channel_groups import STAYS, Ids, find_channel_groups
from toolchain.optimise.choose_channels import choose_channels
from toolchain.optimise.count_network import count_network
from toolchain.optimise.remove_channels import remove_channels
from toolchain.tensorflow_import import import_stack, tensorflow_noise_to

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tf_keras() -> Any:
    with tensorflow_noise_to(None):
        return import_stack("tf_keras")


def random_weights(network: Any, seed: int) -> Any:
    """Every weight random, variances positive: no BatchNormalization is the identity."""
    random = np.random.default_rng(seed)
    network.set_weights([random.uniform(0.1, 1.0, weight.shape) - 0.4 for weight in network.get_weights()])
    for layer in network.layers:
        if type(layer).__name__ == "BatchNormalization":
            gamma, beta, mean, variance = layer.get_weights()
            layer.set_weights([gamma, beta, mean, np.abs(variance) + 0.1])
    return network


def unread(network: Any, groups: Any, gone: Ids) -> None:
    """Make the weights that read the channels zero, in place."""
    readers = ("Conv1D", "Conv2D", "Dense", "SeparableConv2D", "Conv2DTranspose")
    for layer in network.layers:
        if type(layer).__name__ in readers and layer.name in groups.reads:
            kernel, *rest = layer.get_weights()
            hit = np.isin(groups.reads[layer.name], gone)
            if type(layer).__name__ == "Conv2DTranspose":
                kernel[..., hit] = 0
            else:
                kernel[..., hit, :] = 0
            layer.set_weights([kernel, *rest])


def require_exact(network: Any, gone_share: float, seed: int) -> Any:
    """Remove a random share of the groups; outputs must be those of the network that ignores them."""
    groups = find_channel_groups(network)
    random = np.random.default_rng(seed)
    gone = np.array(
        [item for ids in groups.sets() for item in random.permutation(ids)[: int(len(ids) * gone_share)]],
        np.int64,
    )
    smaller = remove_channels(network, groups, gone)
    given_inputs = [
        random.normal(size=(3, *tensor.shape[1:])).astype(np.float32) for tensor in network.inputs
    ]
    got = smaller(given_inputs, training=False)
    unread(network, groups, gone)
    wanted = network(given_inputs, training=False)
    np.testing.assert_allclose(np.asarray(got), np.asarray(wanted), rtol=1e-4, atol=1e-5)
    return smaller


class Builder:
    """Adds random blocks to a tensor of shape (height, width, channels)."""

    def __init__(self, tf_keras: Any, choose: Any) -> None:
        self.layers, self.choose = tf_keras.layers, choose

    def block(self, x: Any) -> Any:
        kinds = ("conv", "depthwise", "residual", "dense_block", "squeeze", "separable", "pool", "transposed")
        return getattr(self, self.choose(st.sampled_from(kinds)))(x)

    def channels(self) -> int:
        return int(self.choose(st.integers(2, 7)))

    def norm(self, x: Any) -> Any:
        if self.choose(st.booleans()):
            x = self.layers.BatchNormalization()(x)
        kind = self.choose(st.sampled_from(["ReLU", "LeakyReLU", "ELU", "Dropout"]))
        return self.layers.Dropout(0.1)(x) if kind == "Dropout" else getattr(self.layers, kind)()(x)

    def conv(self, x: Any) -> Any:
        bias, size = self.choose(st.booleans()), self.choose(st.integers(1, 3))
        conv = self.layers.Conv2D(self.channels(), size, padding="same", use_bias=bias)
        return self.norm(conv(x))

    def depthwise(self, x: Any) -> Any:
        multiplier = self.choose(st.integers(1, 2))
        return self.norm(self.layers.DepthwiseConv2D(3, padding="same", depth_multiplier=multiplier)(x))

    def separable(self, x: Any) -> Any:
        multiplier = self.choose(st.integers(1, 2))
        return self.layers.SeparableConv2D(
            self.channels(), 3, padding="same", depth_multiplier=multiplier, activation="relu"
        )(x)

    def transposed(self, x: Any) -> Any:
        return self.layers.Conv2DTranspose(self.channels(), 3, padding="same", activation="relu")(x)

    def residual(self, x: Any) -> Any:
        inner = self.conv(x)
        if self.choose(st.booleans()):
            inner = self.depthwise(inner)
        inner = self.layers.Conv2D(int(x.shape[-1]), 1)(inner)
        merge = self.choose(st.sampled_from(["Add", "Multiply", "Maximum"]))
        return getattr(self.layers, merge)()([x, inner])

    def dense_block(self, x: Any) -> Any:
        return self.layers.Concatenate()([x, self.conv(x), self.conv(x)])

    def squeeze(self, x: Any) -> Any:
        count = int(x.shape[-1])
        y = self.layers.GlobalAveragePooling2D()(x)
        y = self.layers.Dense(max(1, count // 2), activation="relu")(y)
        y = self.layers.Reshape((1, 1, count))(self.layers.Dense(count, activation="sigmoid")(y))
        return self.layers.Multiply()([x, y])

    def pool(self, x: Any) -> Any:
        x = self.layers.ZeroPadding2D(1)(x)
        return self.layers.MaxPooling2D(2, padding="same")(x)

    def head(self, x: Any) -> Any:
        kind = self.choose(st.sampled_from(["flatten", "global", "rows"]))
        if kind == "rows":
            x = self.layers.Reshape((int(x.shape[1] * x.shape[2]), int(x.shape[3])))(x)
            x = self.layers.Conv1D(self.channels(), 3, activation="relu")(x)
        x = self.layers.Flatten()(x) if kind != "global" else self.layers.GlobalAveragePooling2D()(x)
        return self.layers.Dense(3, activation="softmax")(self.layers.Dense(6, activation="relu")(x))


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), seed=st.integers(0, 1000))
def test_removal_is_exact_on_random_networks(tf_keras: Any, data: st.DataObject, seed: int) -> None:
    with tensorflow_noise_to(None):
        source = tf_keras.Input((6, 5, 2))
        builder = Builder(tf_keras, data.draw)
        x = builder.conv(source)
        for _ in range(data.draw(st.integers(1, 4))):
            x = builder.block(x)
        network = random_weights(tf_keras.Model(source, builder.head(x)), seed)
        before = network.count_params()
        smaller = require_exact(network, data.draw(st.sampled_from([0.0, 0.3, 0.6])), seed)
        assert smaller.count_params() <= before


def test_residual_sums_tie_channels_and_concatenations_do_not(tf_keras: Any) -> None:
    layers = tf_keras.layers
    source = tf_keras.Input((4, 4, 1))
    first = layers.Conv2D(4, 1, name="first")(source)
    second = layers.Conv2D(4, 1, name="second")(first)
    tied = layers.Add()([first, second])
    side = layers.Conv2D(3, 1, name="side")(tied)
    both = layers.Concatenate()([tied, side])
    last = layers.Dense(5, activation="softmax", name="last")(layers.Flatten(name="flat")(both))
    groups = find_channel_groups(tf_keras.Model(source, last))
    np.testing.assert_array_equal(groups.gives["first"], groups.gives["second"])
    assert [len(ids) for ids in groups.sets()] == [4, 3]
    wanted = np.tile(np.concatenate([groups.gives["first"], groups.gives["side"]]), 16)
    np.testing.assert_array_equal(groups.reads["last"], wanted)
    assert (groups.gives["last"] == STAYS).all()
    assert (groups.reads["first"] == STAYS).all()


def test_what_is_not_known_keeps_its_channels(tf_keras: Any) -> None:
    """A recurrent layer, a softmax in the middle, a grouped convolution, a normalisation over channels."""
    layers = tf_keras.layers
    for unknown in (
        layers.LSTM(4, return_sequences=True),
        layers.Softmax(),
        layers.Activation("softmax"),
        layers.Conv1D(4, 1, groups=2),
        layers.LayerNormalization(),
        layers.BatchNormalization(axis=1),
        layers.Permute((2, 1)),
    ):
        source = tf_keras.Input((6, 2))
        x = unknown(layers.Conv1D(4, 3, padding="same")(source))
        x = layers.Conv1D(8, 1, name="free")(x)
        groups = find_channel_groups(tf_keras.Model(source, layers.Conv1D(2, 1)(x)))
        assert [ids.tolist() for ids in groups.sets()] == [groups.gives["free"].tolist()], unknown.name


def test_a_layer_that_is_called_twice_has_one_set_of_channels(tf_keras: Any) -> None:
    layers = tf_keras.layers
    one, other = tf_keras.Input((5,)), tf_keras.Input((5,))
    shared = layers.Dense(8, activation="relu", name="shared")
    x = layers.Concatenate()([shared(one), shared(other)])
    network = random_weights(tf_keras.Model([one, other], layers.Dense(2)(x)), 0)
    groups = find_channel_groups(network)
    assert [len(ids) for ids in groups.sets()] == [8]
    assert require_exact(network, 0.5, 0).get_layer("shared").units == 4


def test_macs_are_those_of_the_layers_that_are_left(tf_keras: Any) -> None:
    layers = tf_keras.layers
    source = tf_keras.Input((8, 8, 2))
    x = layers.Conv2D(8, 3, padding="same")(source)
    x = layers.DepthwiseConv2D(3, strides=2, padding="same")(x)
    x = layers.SeparableConv2D(12, 3, padding="same", depth_multiplier=2)(x)
    x = layers.Conv2DTranspose(4, 2, strides=2)(x)
    network = tf_keras.Model(source, layers.Dense(3)(layers.Flatten()(x)))
    wanted = 64 * 9 * 2 * 8 + 16 * 9 * 8 + 16 * (9 * 8 * 2 + 16 * 12) + 16 * 4 * 12 * 4 + 64 * 4 * 3
    counted, costs = count_network(network), layer_costs(network)
    assert counted.macs == wanted
    for layer in network.layers[1:]:
        read, given = (int(shape[-1]) for shape in (layer.input_shape, layer.output_shape))
        known = next(found.macs for found in counted.layers if found.name == layer.name)
        assert costs[layer.name].macs(read, given) == known, layer.name
    groups = find_channel_groups(network)
    scores = np.arange(100, dtype=np.float64)
    for share in (0.8, 0.5, 0.3):
        gone = choose_channels(
            groups,
            groups.sets(),
            scores,
            costs,
            macs=int(share * wanted),
            at_least=2,
            multiple_of=1,
        )
        left = count_network(remove_channels(network, groups, gone)).macs
        assert left is not None
        assert share * wanted - wanted / 8 < left <= share * wanted

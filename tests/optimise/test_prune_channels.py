from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from tests.optimise.digits import (
    accuracy,
    context,
    data_of,
    int8_and_accuracy,
    macs_of,
    residual_network,
    stack,
)
from toolchain.errors import DataError, ModelError
from toolchain.optimise.channel_costs import layer_costs
from toolchain.optimise.channel_groups import find_channel_groups
from toolchain.optimise.channel_importance import batch_norm_scores, magnitude_scores, taylor_scores
from toolchain.optimise.channel_losses import _surgeon_costs
from toolchain.optimise.choose_channels import choose_channels
from toolchain.optimise.prune_channels import prune_channels
from toolchain.optimise.refit_readers import refit_readers
from toolchain.optimise.remove_channels import remove_channels
from toolchain.tensorflow_import import tensorflow_noise_to
from toolchain.vocabulary.data import DataSet, Samples
from toolchain.vocabulary.steps.prune_channels import Importance, PruneChannelsSettings

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tf_keras() -> Any:
    return stack()


@pytest.fixture(scope="module")
def data() -> DataSet:
    return data_of(8, 8, 1)


@pytest.fixture(scope="module")
def trained(tf_keras: Any, data: DataSet) -> Any:
    return residual_network(data)


@pytest.mark.parametrize("importance", [item for item in get_args(Importance) if item != "reconstruction"])
def test_channels_are_gone_and_the_accuracy_comes_back(
    tmp_path: Path, trained: Any, data: DataSet, importance: Importance
) -> None:
    before = [weight.copy() for weight in trained.get_weights()]
    settings = PruneChannelsSettings(
        macs=0.5, importance=importance, epochs=3, rounds=2 if importance == "taylor" else 1
    )
    with tensorflow_noise_to(None):
        smaller = prune_channels(trained, settings, context(data, trained, seed=0))
    for old, now in zip(before, trained.get_weights(), strict=True):
        np.testing.assert_array_equal(old, now, err_msg="the network that was given has changed")
    assert macs_of(smaller) <= 0.5 * macs_of(trained)
    assert macs_of(smaller) > 0.4 * macs_of(trained)
    assert accuracy(trained, data) > 0.9
    assert accuracy(smaller, data) > accuracy(trained, data) - 0.04

    channels = {ids.filters for ids in smaller.layers if type(ids).__name__ == "Conv2D"}
    assert all(count % 4 == 0 for count in channels)
    stem, inner = smaller.get_layer("stem"), smaller.get_layer("inner")
    assert stem.filters == inner.filters < 16 or smaller.get_layer("pointwise").filters < 24

    graph, in_int8 = int8_and_accuracy(smaller, data, tmp_path)
    kernels = {
        operator.name: graph.tensors[operator.inputs[1]].shape
        for operator in graph.operators
        if operator.name in ("DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
    }
    assert kernels["DEPTHWISE_CONV_2D"][-1] == stem.filters
    assert kernels["FULLY_CONNECTED"] == (10, smaller.get_layer("hidden").units)
    assert {tensor.dtype for tensor in graph.tensors} <= {"INT8", "INT32"}
    assert in_int8 > accuracy(trained, data) - 0.04


def test_fitting_the_readers_wins_back_most_without_any_training(trained: Any, data: DataSet) -> None:
    assert data.train is not None
    groups = find_channel_groups(trained)
    scores = magnitude_scores(trained, groups)
    gone = choose_channels(
        groups,
        groups.sets(),
        scores,
        layer_costs(trained),
        macs=macs_of(trained) // 2,
        at_least=4,
        multiple_of=1,
    )
    with tensorflow_noise_to(None):
        smaller = remove_channels(trained, groups, gone)
        raw = accuracy(smaller, data)
        refit_readers(trained, smaller, groups, gone, data.train, seed=0)
        assert accuracy(smaller, data) > raw + 0.5 * (accuracy(trained, data) - raw)


def test_what_other_channels_say_as_well_is_not_lost(tf_keras: Any) -> None:
    """A channel that is the sum of two others can go, and the layers that read it make up for it exactly."""
    layers = tf_keras.layers
    source = tf_keras.Input((6, 6, 3))
    x = layers.Conv2D(4, 1, name="makes")(source)
    y = layers.Conv2D(5, 3, padding="same", name="reads")(x)
    z = layers.Conv1D(4, 3, padding="causal", name="rows")(layers.Reshape((36, 4))(x))
    out = layers.Concatenate()([layers.GlobalAveragePooling2D()(y), layers.Flatten()(z)])
    network = tf_keras.Model(source, layers.Dense(3, name="last")(out))
    kernel, bias = network.get_layer("makes").get_weights()
    kernel[..., 3], bias[3] = kernel[..., 0] + kernel[..., 1], bias[0] + bias[1]
    network.get_layer("makes").set_weights([kernel, bias])
    groups = find_channel_groups(network)
    inputs = np.random.default_rng(0).normal(size=(200, 6, 6, 3)).astype(np.float32)
    # One of the three that make one another up is nearly free; the last to go is not.
    (costs,) = _surgeon_costs(network, groups, [groups.gives["makes"]], Samples(inputs, None))
    assert np.argmin(costs) in (0, 1, 3)
    assert costs.min() < 0.02 * costs.max()

    gone = groups.gives["makes"][3:]
    smaller = remove_channels(network, groups, gone)
    wanted = np.asarray(network(inputs))
    spread = np.abs(np.asarray(smaller(inputs)) - wanted).max()
    refit_readers(network, smaller, groups, gone, Samples(inputs, None), seed=0)
    assert np.abs(np.asarray(smaller(inputs)) - wanted).max() < 0.02 * spread


def test_taylor_is_the_derivative_by_a_factor_on_the_channel(
    trained: Any, data: DataSet, tf_keras: Any
) -> None:
    assert data.train is not None
    assert data.train.labels is not None
    groups = find_channel_groups(trained)
    inputs, labels = data.train.inputs[:64], data.train.labels[:64]
    loss = tf_keras.losses.SparseCategoricalCrossentropy()
    scores = taylor_scores(trained, groups, iter([((inputs,), labels)]), loss)

    def loss_with(group: int, factor: float) -> float:
        scaled = tf_keras.models.clone_model(trained)
        scaled.set_weights(trained.get_weights())
        for layer in scaled.layers:
            if type(layer).__name__ in ("Conv2D", "Dense") and layer.name in groups.reads:
                kernel, *bias = layer.get_weights()
                kernel[..., groups.reads[layer.name] == group, :] *= factor
                layer.set_weights([kernel, *bias])
        return float(loss(labels, scaled(inputs, training=False)))

    for ids in groups.sets():
        group = int(ids[np.argmax(scores[ids])])
        slope = (loss_with(group, 1.01) - loss_with(group, 0.99)) / 0.02
        assert scores[group] == pytest.approx(slope**2, rel=0.05)


def test_the_rankings_find_the_channels_that_do_nothing(tf_keras: Any) -> None:
    layers = tf_keras.layers
    source = tf_keras.Input((4, 4, 2))
    x = layers.BatchNormalization(name="norm")(layers.Conv2D(6, 3, name="conv")(source))
    network = tf_keras.Model(source, layers.Dense(2)(layers.Flatten()(x)))
    kernel, bias = network.get_layer("conv").get_weights()
    kernel[..., 1] *= 1e-3
    network.get_layer("conv").set_weights([kernel, bias])
    gamma, *others = network.get_layer("norm").get_weights()
    gamma[4] = -1e-3
    network.get_layer("norm").set_weights([gamma, *others])
    groups = find_channel_groups(network)
    (ids,) = groups.sets()
    assert int(np.argmin(magnitude_scores(network, groups)[ids])) == 1
    assert int(np.argmin(batch_norm_scores(network, groups)[ids])) == 4


def test_channels_that_others_make_up_for_are_gone(trained: Any, data: DataSet) -> None:
    assert data.train is not None
    few = dataclasses.replace(data, train=data.train.take(slice(300)))
    settings = PruneChannelsSettings(
        macs=0.2,
        importance="reconstruction",
        epochs=1,
        rounds=1,
        learning_rate=1e-4,
        batch_norm="frozen",
        layers=("pointwise",),
    )
    with tensorflow_noise_to(None):
        smaller = prune_channels(trained, settings, context(few, trained, seed=0))
    assert smaller.get_layer("pointwise").filters < 24
    assert macs_of(smaller) <= 0.8 * macs_of(trained)
    assert accuracy(smaller, data) > accuracy(trained, data) - 0.03


def test_layers_that_are_not_named_keep_their_channels(trained: Any, data: DataSet) -> None:
    settings = PruneChannelsSettings(macs=0.2, epochs=1, rounds=1, layers=("point*", "side"))
    with tensorflow_noise_to(None):
        smaller = prune_channels(trained, settings, context(data, trained, seed=0))
    assert [smaller.get_layer(name).filters for name in ("stem", "inner")] == [16, 16]
    assert smaller.get_layer("hidden").units == 32
    assert smaller.get_layer("pointwise").filters + smaller.get_layer("side").filters < 40


def test_what_cannot_be_done_is_refused(tf_keras: Any, trained: Any, data: DataSet) -> None:
    def run(network: Any, data: DataSet | None = data, **settings: Any) -> None:
        with tensorflow_noise_to(None):
            prune_channels(network, PruneChannelsSettings(**settings), context(data, network, seed=0))

    with pytest.raises(ModelError, match="No layer with channels of its own is called 'steam'"):
        run(trained, layers=("steam",))
    with pytest.raises(ModelError, match=r"still has .* multiply-accumulates"):
        run(trained, macs=0.99)
    with pytest.raises(ModelError, match=r"still has .* multiply-accumulates"):
        run(trained, macs=0.9, at_least=16)
    with pytest.raises(DataError, match="no data to train on"):
        run(trained, None)
    with pytest.raises(DataError, match="no labels"):
        run(trained, dataclasses.replace(data, train=Samples(data.test.inputs, None)))
    layers = tf_keras.layers
    source = tf_keras.Input((8, 8, 1))
    only = tf_keras.Model(source, layers.Dense(10, activation="softmax")(layers.Flatten()(source)))
    with pytest.raises(ModelError, match="no channels that could be removed"):
        run(only)
    plain = layers.Dense(8, activation="relu")(layers.Flatten()(source))
    plain = tf_keras.Model(source, layers.Dense(10, activation="softmax")(plain))
    with pytest.raises(ModelError, match="No channel goes through a BatchNormalization"):
        run(plain, importance="batch_norm")

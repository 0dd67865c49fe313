"""Pruning by the optimal brain surgeon, on a real small network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from tests.optimise.digits import accuracy, context, data_of, int8_and_accuracy, residual_network
from toolchain.errors import ModelError
from toolchain.optimise.copy_network import copy_network
from toolchain.optimise.prune import prune
from toolchain.optimise.prune_by_surgeon import prune_by_surgeon
from toolchain.optimise.sparsity import kernels_of, sparsity_of
from toolchain.tensorflow_import import import_stack, tensorflow_noise_to
from toolchain.vocabulary.data import DataSet
from toolchain.vocabulary.steps.prune import PruneSettings

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def data() -> DataSet:
    return data_of(8, 8, 1)


@pytest.fixture(scope="module")
def trained(data: DataSet) -> Any:
    with tensorflow_noise_to(None):
        return residual_network(data)


def zeros_in(network: Any, name: str) -> float:
    return float(np.mean(network.get_layer(name).get_weights()[0] == 0))


def test_without_any_training_nearly_all_is_kept(trained: Any, data: DataSet) -> None:
    assert data.train is not None
    chosen = [layer.name for layer in trained.layers if kernels_of(layer)]
    assert chosen == ["stem", "inner", "pointwise", "side", "hidden", "digit"]
    by_size = copy_network(trained)
    for name in chosen:
        kernel, *bias = by_size.get_layer(name).get_weights()
        least = np.quantile(np.abs(kernel), 0.7)
        by_size.get_layer(name).set_weights([np.where(np.abs(kernel) > least, kernel, 0), *bias])
    before = [weight.copy() for weight in trained.get_weights()]
    few = data.train.take(slice(300))
    with tensorflow_noise_to(None):
        pruned = {
            allocation: prune_by_surgeon(
                trained,
                chosen,
                PruneSettings(sparsity=0.7, importance="obs", allocation=allocation),
                few,
                context(data, trained, seed=0),
            )
            for allocation in ("uniform", "sensitivity")
        }
    for old, now in zip(before, trained.get_weights(), strict=True):
        np.testing.assert_array_equal(old, now, err_msg="the network that was given has changed")
    whole = accuracy(trained, data)
    for network in pruned.values():
        assert 0.7 <= (sparsity_of(network) or 0) < 0.705
        assert accuracy(network, data) > whole - 0.05
    assert accuracy(by_size, data) < whole - 0.15
    assert all(zeros_in(pruned["uniform"], name) == pytest.approx(0.7, abs=0.01) for name in chosen)
    assert len({round(zeros_in(pruned["sensitivity"], name), 2) for name in chosen}) > 2


def test_the_zeros_are_kept_in_training_and_in_int8(trained: Any, data: DataSet, tmp_path: Path) -> None:
    settings = PruneSettings(
        sparsity=0.7, importance="obs", epochs=1, skip=("digit",), batch_norm="frozen", decay="cosine"
    )
    kernel, *bias = trained.get_layer("hidden").get_weights()
    given = copy_network(trained)
    holed = kernel.copy()
    holed[:5] = 0.0
    given.get_layer("hidden").set_weights([holed, *bias])
    with tensorflow_noise_to(None):
        pruned = prune(given, settings, context(data, given, seed=0))
    assert zeros_in(pruned, "digit") == 0.0
    assert all(zeros_in(pruned, name) >= 0.7 for name in ("stem", "inner", "pointwise", "side", "hidden"))
    assert not pruned.get_layer("hidden").get_weights()[0][:5].any()
    graph, in_int8 = int8_and_accuracy(pruned, data, tmp_path)
    assert in_int8 > accuracy(trained, data) - 0.05
    hidden = next(item for item in graph.operators if item.name == "FULLY_CONNECTED")
    stored = graph.tensors[hidden.inputs[1]].data
    assert stored is not None
    assert np.mean(stored == 0) >= 0.7


def test_what_it_cannot_do_is_refused(data: DataSet, monkeypatch: pytest.MonkeyPatch) -> None:
    layers, tf_keras = import_stack("tf_keras").layers, import_stack("tf_keras")
    source = tf_keras.Input((8, 8, 1))
    x = layers.Conv2DTranspose(4, 3, name="wider")(source)
    network = tf_keras.Model(
        source, layers.Dense(10, activation="softmax", name="digit")(layers.Flatten()(x))
    )
    settings = PruneSettings(importance="obs", epochs=1)
    with pytest.raises(
        ModelError, match=r"'wider' \(Conv2DTranspose\) cannot be pruned with importance 'obs'"
    ):
        prune(network, settings, context(data, network, seed=0))
    monkeypatch.setattr("toolchain.optimise.prune_by_surgeon._MOST_WORK", 1e6)
    with pytest.raises(ModelError, match=r"'digit' is too large for importance 'obs', 400 weights an output"):
        prune(network, settings.model_copy(update={"skip": ("wider",)}), context(data, network, seed=0))
    for wrong, why in (
        ({"allocation": "sensitivity"}, "needs importance"),
        ({"importance": "obs", "pattern": "2:4"}, "leave pattern out"),
        ({"importance": "obs", "block": (1, 4), "schedule": "constant"}, "leave block, schedule out"),
    ):
        with pytest.raises(ValidationError, match=why):
            PruneSettings(**wrong)

"""Clustering, and what later steps keep: PQAT, CQAT, PCQAT; counted in the network and on the board."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.optimise.digits import accuracy, context, data_of, image_network, int8_of, kernels
from toolchain.errors import ConfigError, ModelError
from toolchain.optimise.check_order import check_order
from toolchain.optimise.cluster import cluster
from toolchain.optimise.count_network import count_network
from toolchain.optimise.fine_tune import fine_tune
from toolchain.optimise.prune import prune
from toolchain.optimise.qat import qat
from toolchain.optimise.sparsity import prunable_kernels, sparsity_of
from toolchain.tensorflow_import import tensorflow_noise_to
from toolchain.vocabulary.data import DataSet
from toolchain.vocabulary.graph import Graph
from toolchain.vocabulary.steps.cluster import ClusterSettings
from toolchain.vocabulary.steps.fine_tune import FineTuneSettings
from toolchain.vocabulary.steps.prune import PruneSettings
from toolchain.vocabulary.steps.qat import QatSettings

pytestmark = pytest.mark.slow

CLUSTERS = 8
Array = np.ndarray[Any, Any]


@pytest.fixture(scope="module")
def digits() -> DataSet:
    return data_of(8, 8, 1)


@pytest.fixture(scope="module")
def network(digits: DataSet) -> Any:
    return image_network(digits)


@pytest.fixture(scope="module")
def pruned(network: Any, digits: DataSet) -> Any:
    with tensorflow_noise_to(None):
        return prune(network, PruneSettings(sparsity=0.6, epochs=3), context(digits))


@pytest.fixture(scope="module")
def clustered(network: Any, digits: DataSet) -> Any:
    return clustered_from(network, digits)


@pytest.fixture(scope="module")
def pruned_and_clustered(pruned: Any, digits: DataSet) -> Any:
    return clustered_from(pruned, digits)


def clustered_from(network: Any, data: DataSet, **settings: Any) -> Any:
    with tensorflow_noise_to(None):
        return cluster(
            network, ClusterSettings(**{"clusters": CLUSTERS, "epochs": 2, **settings}), context(data)
        )


def trained_for_int8(network: Any, data: DataSet) -> Any:
    with tensorflow_noise_to(None):
        return qat(network, QatSettings(epochs=2), context(data))


def values_of(network: Any) -> dict[str, int]:
    return {name: len(np.unique(np.asarray(kernel))) for name, kernel in prunable_kernels(network)}


def most_values(graph: Graph) -> int:
    """Of all output channels on the board, the most different int8 weights in one."""
    found = kernels(graph)
    rows = [row for kernel in (*found["CONV_2D"], *found["FULLY_CONNECTED"]) for row in kernel]
    return max(len(np.unique(row)) for row in rows)


def zeros(graph: Graph) -> list[float]:
    found = kernels(graph)
    return [float(np.mean(kernel == 0)) for kernel in (*found["CONV_2D"], *found["FULLY_CONNECTED"])]


def test_no_layer_counts_twice(network: Any, pruned: Any, clustered: Any) -> None:
    macs = [layer.macs for layer in count_network(network).layers]
    for later in (pruned, clustered):
        assert [layer.macs for layer in count_network(later).layers] == macs


def test_few_values_are_left_and_the_board_has_them(
    network: Any, clustered: Any, digits: DataSet, tmp_path: Path
) -> None:
    assert max(values_of(network).values()) > 1000
    assert set(values_of(clustered)) == {"conv", "pointwise", "hidden", "digit"}
    assert max(values_of(clustered).values()) <= CLUSTERS
    assert accuracy(network, digits) > 0.9
    assert accuracy(clustered, digits) > accuracy(network, digits) - 0.05
    _, graph = int8_of(clustered, digits, tmp_path)
    assert most_values(graph) <= CLUSTERS


@pytest.mark.parametrize("start", ["linear", "density", "random"])
def test_however_the_values_begin(network: Any, digits: DataSet, start: str) -> None:
    some = clustered_from(network, digits, start=start, epochs=1, clusters=5, layers=("hidden",))
    values = values_of(some)
    assert values["hidden"] <= 5
    assert values["pointwise"] > 300, "a layer that was not chosen"


def test_zeros_survive_clustering_and_both_survive_more_training(
    pruned: Any, pruned_and_clustered: Any, digits: DataSet
) -> None:
    with tensorflow_noise_to(None):
        tuned = fine_tune(pruned_and_clustered, FineTuneSettings(epochs=1), context(digits))
    for later in (pruned_and_clustered, tuned):
        assert max(values_of(later).values()) <= CLUSTERS
        for (name, before), (_, after) in zip(prunable_kernels(pruned), prunable_kernels(later), strict=True):
            assert not np.any(np.asarray(after)[np.asarray(before) == 0]), name
    for (name, before), (_, after) in zip(
        prunable_kernels(pruned_and_clustered), prunable_kernels(tuned), strict=True
    ):
        assert not np.array_equal(np.asarray(before), np.asarray(after)), f"{name} was not trained"


def test_pqat_keeps_zeros(pruned: Any, digits: DataSet, tmp_path: Path) -> None:
    trained = trained_for_int8(pruned, digits)
    assert sparsity_of(trained) == pytest.approx(0.6, abs=0.01)
    assert accuracy(trained, digits) > accuracy(pruned, digits) - 0.05
    _, graph = int8_of(trained, digits, tmp_path)
    assert all(share >= 0.59 for share in zeros(graph)), zeros(graph)


def test_cqat_keeps_clusters(clustered: Any, digits: DataSet, tmp_path: Path) -> None:
    trained = trained_for_int8(clustered, digits)
    assert accuracy(trained, digits) > accuracy(clustered, digits) - 0.05
    _, graph = int8_of(trained, digits, tmp_path)
    assert most_values(graph) <= CLUSTERS


def test_pcqat_keeps_both(pruned_and_clustered: Any, digits: DataSet, tmp_path: Path) -> None:
    trained = trained_for_int8(pruned_and_clustered, digits)
    assert sparsity_of(trained) == pytest.approx(0.6, abs=0.01)
    assert accuracy(trained, digits) > accuracy(pruned_and_clustered, digits) - 0.05
    _, graph = int8_of(trained, digits, tmp_path)
    assert all(share >= 0.59 for share in zeros(graph)), zeros(graph)
    assert most_values(graph) <= CLUSTERS


def test_what_cannot_be_is_refused(network: Any, pruned: Any, clustered: Any, digits: DataSet) -> None:
    with pytest.raises(ModelError, match="holds zeros, which are a cluster of their own"):
        clustered_from(pruned, digits, clusters=2)
    with pytest.raises(ModelError, match="clustered already, and the step 'prune' would undo that"):
        prune(clustered, PruneSettings(epochs=1), context(digits))
    with pytest.raises(ModelError, match="No layer that can be clustered has more than 8"):
        clustered_from(clustered, digits)


@pytest.mark.parametrize(
    "steps",
    [
        ["qat", "prune"],
        ["prune", "qat", "cluster"],
        ["cluster", "prune"],
        ["prune", "prune_channels"],
        ["cluster", "fine_tune", "separate_convolutions"],
        ["prune", "lottery_ticket"],
        ["qat", "qat"],
    ],
)
def test_an_order_that_undoes_is_refused_before_anything_is_trained(steps: list[str]) -> None:
    with pytest.raises(ConfigError, match=rf"'{steps[-1]}' would undo what '\w+' did"):
        check_order(steps)


@pytest.mark.parametrize(
    "steps",
    [
        ["prune", "cluster", "qat", "fine_tune"],
        ["prune_channels", "prune", "prune", "cluster", "fine_tune", "qat"],
        ["separate_convolutions", "lottery_ticket", "qat"],
        ["fine_tune", "prune_channels", "prune_channels"],
    ],
)
def test_sensible_orders(steps: list[str]) -> None:
    check_order(steps)

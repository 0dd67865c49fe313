"""Weight clustering: the weights of a layer share a few values, which are trained in their place.

By tensorflow-model-optimization.  Zeros that pruning left stay (sparsity-preserving clustering).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from toolchain.errors import ModelError
from toolchain.optimise.chosen_layers import chosen_layers
from toolchain.optimise.copy_network import copy_network
from toolchain.optimise.graph_edit import refuse_nested
from toolchain.optimise.qat import refuse_quantised
from toolchain.optimise.step_context import StepContext
from toolchain.tensorflow_import import import_stack
from toolchain.vocabulary.steps.cluster import ClusterSettings

_LIBRARY = "tensorflow_model_optimization.python.core.clustering.keras"
_STARTS: Mapping[str, str] = {
    "density": "DENSITY_BASED",
    "kmeans++": "KMEANS_PLUS_PLUS",
    "linear": "LINEAR",
    "random": "RANDOM",
}
# Zeros, and one for each sign.
_CLUSTERS_WITH_ZEROS = 3
# Layers whose one kernel the library clusters.
_KERNELS = ("Conv1D", "Conv2D", "Conv2DTranspose", "Dense")


def cluster(network: Any, settings: ClusterSettings, context: StepContext) -> Any:
    """A new `tf_keras` model whose chosen kernels hold `settings.clusters` different values at most.

    Kernels that hold no more are left out.  `network` is left as it is.

    Raises:
        DataError, ModelError: it cannot be trained on this data, see `StepContext.fit`.
        ModelError: a layer cannot be clustered, or zeros would be lost.
    """
    context.task(network, settings.step)
    refuse_nested(network, settings.step)
    refuse_quantised(network, settings.step)
    chosen = set(chosen_layers(_able(network, settings), settings.layers, settings.skip, settings.step))
    clustering = _clustering(copy_network(network), chosen, settings)
    context.fit(clustering, settings)
    # What strips shares its layers with the wrapped network; a copy has them called once each.
    clustered = copy_network(import_stack(f"{_LIBRARY}.cluster").strip_clustering(clustering))
    for name in chosen:
        _check(network.get_layer(name), clustered.get_layer(name), settings)
    return clustered


def _able(network: Any, settings: ClusterSettings) -> list[str]:
    """The names of the layers whose kernel holds more values than it may."""
    able = [
        str(layer.name)
        for layer in network.layers
        if type(layer).__name__ in _KERNELS and _values(np.asarray(layer.kernel)) > settings.clusters
    ]
    if not able:
        raise ModelError(
            f"No layer that can be clustered has more than {settings.clusters} different weights.",
            "Ask for fewer clusters, or leave the step 'cluster' out.",
        )
    return able


def _clustering(copied: Any, chosen: set[str], settings: ClusterSettings) -> Any:
    """The copied network with the library's wrappers around the chosen layers."""
    library = import_stack(f"{_LIBRARY}.experimental.cluster")

    def wrapped(layer: Any) -> Any:
        if layer.name not in chosen:
            return layer
        has_zeros = bool(np.any(np.asarray(layer.kernel) == 0))
        if has_zeros and settings.clusters < _CLUSTERS_WITH_ZEROS:
            raise ModelError(
                f"The layer {layer.name!r} holds zeros, which are a cluster of their own beside two others.",
                f"Ask for {_CLUSTERS_WITH_ZEROS} clusters or more.",
            )
        return library.cluster_weights(
            layer,
            number_of_clusters=settings.clusters,
            cluster_centroids_init=library.CentroidInitialization[_STARTS[settings.start]],
            preserve_sparsity=has_zeros,
        )

    return import_stack("tf_keras").models.clone_model(copied, clone_function=wrapped)


def _check(before: Any, after: Any, settings: ClusterSettings) -> None:
    """Check that the values are few and that no zero was lost."""
    old, new = np.asarray(before.kernel), np.asarray(after.kernel)
    if _values(new) > settings.clusters:
        raise ModelError(
            f"Clustering left {_values(new)} values in the layer {after.name!r}, "
            f"of {settings.clusters} at most.",
            "Please report it with the model.",
        )
    lost = int(np.count_nonzero(new[old == 0]))
    if lost:
        raise ModelError(
            f"Clustering would make {lost} pruned weights of the layer {after.name!r} other than zero.",
            "Ask for more clusters, or another start; please report it if that does not help.",
        )


def _values(kernel: npt.NDArray[np.float32]) -> int:
    return len(np.unique(kernel))

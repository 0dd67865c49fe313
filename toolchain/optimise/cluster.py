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
# Layers whose one kernel the library clusters; its ways for recurrent ones leave networks that do not train.
_KERNELS = ("Conv1D", "Conv2D", "Conv2DTranspose", "Dense")


def cluster(network: Any, settings: ClusterSettings, context: StepContext) -> Any:
    """A new `tf_keras` model whose chosen kernels hold `settings.clusters` different values at most.

    Kernels with no more weights than that are left out.  `network` is left as it is.

    Raises:
        DataError, ModelError: it cannot be trained on this data, see `StepContext.fit`.
        ModelError: a layer cannot be clustered, or zeros would be lost.
    """
    context.task(network, settings.step)
    refuse_nested(network, settings.step)
    refuse_quantised(network, settings.step)
    chosen = set(
        chosen_layers(_able(network, settings), settings.layers, settings.skip, settings.step)
    )
    copied = copy_network(network)
    clustering = _clustering(copied, chosen, settings)
    context.fit(clustering, settings)
    clustered = import_stack(f"{_LIBRARY}.cluster").strip_clustering(clustering)
    for name in chosen:
        _check(network.get_layer(name), clustered.get_layer(name), settings)
    return clustered


def _able(network: Any, settings: ClusterSettings) -> list[str]:
    """The names of the layers with a kernel that has more weights than it may have values."""
    able = []
    for layer in network.layers:
        if type(layer).__name__ in _KERNELS:
            size = int(np.prod(layer.kernel.shape))
            shared_by = layer.kernel.shape[-1] if _is_per_channel(layer, settings) else 1
            if size // shared_by > settings.clusters:
                able.append(str(layer.name))
    if not able:
        raise ModelError(
            f"No layer has more than {settings.clusters} weights to cluster.",
            "Ask for fewer clusters, or leave the step 'cluster' out.",
        )
    return able


def _is_per_channel(layer: Any, settings: ClusterSettings) -> bool:
    return settings.per_channel and type(layer).__name__ == "Conv2D"


def _clustering(copied: Any, chosen: set[str], settings: ClusterSettings) -> Any:
    """The copied network with the library's wrappers around the chosen layers."""
    library = import_stack(f"{_LIBRARY}.experimental.cluster")

    def wrapped(layer: Any) -> Any:
        if layer.name not in chosen:
            return layer
        has_zeros = bool(np.any(np.asarray(layer.kernel) == 0))
        if has_zeros and settings.clusters < 3:
            raise ModelError(
                f"The layer {layer.name!r} holds zeros, which need a cluster of their own beside two others.",
                "Ask for 3 clusters or more.",
            )
        return library.cluster_weights(
            layer,
            number_of_clusters=settings.clusters,
            cluster_centroids_init=library.CentroidInitialization[_STARTS[settings.start]],
            preserve_sparsity=has_zeros,
            cluster_per_channel=_is_per_channel(layer, settings),
        )

    return import_stack("tf_keras").models.clone_model(copied, clone_function=wrapped)


def _check(before: Any, after: Any, settings: ClusterSettings) -> None:
    """Check that the values are few and that no zero was lost."""
    old, new = np.asarray(before.kernel), np.asarray(after.kernel)
    most = max(map(_values, np.moveaxis(new, -1, 0))) if _is_per_channel(after, settings) else _values(new)
    if most > settings.clusters:
        raise ModelError(
            f"Clustering left {most} values in the layer {after.name!r}, of {settings.clusters} at most.",
            "Please report it with the model.",
        )
    lost = int(np.count_nonzero(new[old == 0]))
    if lost:
        raise ModelError(
            f"Clustering would make {lost} pruned weights of the layer {after.name!r} other than zero.",
            "Ask for more clusters, or start = 'kmeans++'; please report it if that does not help.",
        )


def _values(kernel: npt.NDArray[np.float32]) -> int:
    return len(np.unique(kernel))

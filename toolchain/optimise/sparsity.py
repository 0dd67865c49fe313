"""The weights of a network that pruning works on, and how many of them are zero."""

from __future__ import annotations

from typing import Any

import numpy as np

from toolchain.tensorflow_import import import_stack


def kernels_of(layer: Any) -> list[Any]:
    """The weights of a layer that pruning works on, as the library's registry has it.

    A layer that quantisation-aware training has wrapped is looked into.
    """
    registry = import_stack(
        "tensorflow_model_optimization.python.core.sparsity.keras.prune_registry"
    ).PruneRegistry
    if hasattr(layer, "_weight_vars"):
        # The layer inside holds rounded copies.
        prunable = registry.supports(layer.layer) and "Depthwise" not in type(layer.layer).__name__
        return [variable for variable, *_ in layer._weight_vars] if prunable else []
    if not layer.weights or not registry.supports(layer):
        return []
    registry.make_prunable(layer)
    return list(layer.get_prunable_weights())


def prunable_kernels(network: Any) -> list[tuple[str, Any]]:
    """Layer name and kernel, a `tf.Variable`, for everything that can be pruned."""
    return [(str(layer.name), kernel) for layer in network.layers for kernel in kernels_of(layer)]


def sparsity_of(network: Any) -> float | None:
    """Share of zeros among all prunable weights, 0…1; None when there are none."""
    kernels = [np.asarray(kernel) for _, kernel in prunable_kernels(network)]
    total = sum(kernel.size for kernel in kernels)
    zeros = sum(int(kernel.size - np.count_nonzero(kernel)) for kernel in kernels)
    return zeros / total if total else None


def output_axis(layer: Any) -> int:
    """The axis of a layer's kernel that TFLite stores first: its outputs, or the entries of a table."""
    kind = type(layer).__name__
    if kind == "Embedding":
        return 0
    return -2 if kind.endswith("Transpose") else -1

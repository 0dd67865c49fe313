"""Pruning of weights: the smallest become zero, step by step, while the rest learns to do without.

With importance "obs" they are chosen otherwise, and go before the training (`prune_by_surgeon`).
The polynomial schedule is that of Zhu & Gupta 2017 (arXiv:1710.01878); schedules and masks are
tensorflow-model-optimization's, with rules of our own for what goes together (`block_masks`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from toolchain.errors import ModelError
from toolchain.optimise.block_masks import draw_by_rows
from toolchain.optimise.chosen_layers import chosen_layers
from toolchain.optimise.copy_network import copy_network
from toolchain.optimise.graph_edit import refuse_nested
from toolchain.optimise.keep_structure import is_clustered
from toolchain.optimise.prune_by_surgeon import prune_by_surgeon
from toolchain.optimise.qat import refuse_quantised
from toolchain.optimise.sparsity import kernels_of, output_axis
from toolchain.optimise.step_context import StepContext
from toolchain.tensorflow_import import import_stack
from toolchain.vocabulary.steps.prune import PruneSettings

# Of all training steps, the share in which sparsity rises; in the rest the network recovers.
_RISING_SHARE = 0.6
# How often the masks are drawn anew while sparsity rises.
_MASK_UPDATES = 50
# TensorFlow rounds the number of weights to prune; more zeros missing than this is a failure.
_MISSING_PER_LAYER = 1.0


def prune(network: Any, settings: PruneSettings, context: StepContext) -> Any:
    """A new `tf_keras` model with `settings.sparsity` of the weights in each chosen layer at zero.

    Prunable are the kernels of Dense, convolution and recurrent layers, as the library knows them
    (not depthwise kernels: they are few, and each matters).  Weights that are zero already stay zero, and
    count.  `network` is left as it is.

    Raises:
        DataError, ModelError: it cannot be trained on this data, see `StepContext.fit`.
        ModelError: no layer can be pruned, or zeros are missing afterwards.
    """
    samples = context.training(settings.step)
    context.task(network, settings.step)
    tf_keras = import_stack("tf_keras")
    keras_sparsity = import_stack("tensorflow_model_optimization").sparsity.keras
    refuse_nested(network, settings.step)
    refuse_quantised(network, settings.step)
    refuse_clustered(network, settings.step)
    chosen = _chosen(network, settings)
    if settings.importance == "obs":
        return _pruned_at_once(network, chosen, settings, context)
    schedule = _schedule(keras_sparsity, settings, len(samples))

    def wrapped(layer: Any) -> Any:
        new = layer.__class__.from_config(layer.get_config())
        if layer.name not in chosen:
            return new
        return keras_sparsity.prune_low_magnitude(new, pruning_schedule=schedule)

    pruning = tf_keras.models.clone_model(network, clone_function=wrapped)
    for old, new in zip(network.layers, pruning.layers, strict=True):
        is_pruned = hasattr(new, "pruning_vars")
        (new.layer if is_pruned else new).set_weights(old.get_weights())
        if is_pruned and (settings.block != (1, 1) or settings.kept_of):
            draw_by_rows(new, settings.block, settings.kept_of)
    context.fit(pruning, settings, callbacks=[keras_sparsity.UpdatePruningStep()])
    # What strips shares its layers with the wrapped network; a copy has them called once each.
    pruned = copy_network(keras_sparsity.strip_pruning(pruning))
    for name in chosen:
        _check_zeros(pruned.get_layer(name), settings)
    return pruned


def _pruned_at_once(
    network: Any, chosen: Sequence[str], settings: PruneSettings, context: StepContext
) -> Any:
    """The weights go first; then the rest is trained, and the zeros are kept (`keep_structure`)."""
    pruned = prune_by_surgeon(network, chosen, settings, context.training(settings.step), context)
    context.fit(pruned, settings)
    kernels = [np.asarray(kernel) for name in chosen for kernel in kernels_of(pruned.get_layer(name))]
    zeros, total = (sum(count(kernel) for kernel in kernels) for count in (_zeros, np.size))
    if zeros < settings.sparsity * total - 1e-6 * total:
        raise ModelError(
            f"Pruning left {zeros:,} zeros among {total:,} weights, too few.",
            "Please report it, with the model.",
        )
    return pruned


def _zeros(kernel: npt.NDArray[np.float32]) -> int:
    return int(kernel.size - np.count_nonzero(kernel))


def refuse_clustered(network: Any, step: str) -> None:
    """Refuse a network whose weights share values: pruned one by one, they would not any more.

    Raises:
        ModelError: it has clusters.
    """
    if is_clustered(network):
        raise ModelError(
            f"The network is clustered already, and the step {step!r} would undo that.",
            "Put the step 'cluster' behind those that prune: it keeps their zeros.",
        )


def _chosen(network: Any, settings: PruneSettings) -> Sequence[str]:
    """The names of the layers to prune."""
    able = [str(layer.name) for layer in network.layers if kernels_of(layer)]
    if not able:
        raise ModelError("The network has no layer that can be pruned.", "Leave the step 'prune' out.")
    return chosen_layers(able, settings.layers, settings.skip, settings.step)


def _schedule(keras_sparsity: Any, settings: PruneSettings, samples: int) -> Any:
    """A schedule whose last update falls on its end: masks change every `frequency` steps only."""
    total = math.ceil(samples / min(settings.batch_size, samples)) * settings.epochs
    rising = max(1, round(total * _RISING_SHARE))
    frequency = max(1, rising // _MASK_UPDATES)
    steps = {"begin_step": 0, "end_step": rising // frequency * frequency, "frequency": frequency}
    if settings.schedule == "constant" or settings.kept_of:
        return keras_sparsity.ConstantSparsity(settings.sparsity, **steps)
    return keras_sparsity.PolynomialDecay(settings.initial_sparsity, settings.sparsity, **steps)


def _check_zeros(layer: Any, settings: PruneSettings) -> None:
    """Check that what was to become zero did."""
    for kernel in kernels_of(layer):
        values = np.asarray(kernel)
        rows = np.moveaxis(values, output_axis(layer), 0).reshape(values.shape[output_axis(layer)], -1)
        missing = (
            _missing_in_groups(rows, *settings.kept_of) if settings.kept_of else _missing(rows, settings)
        )
        if missing > 0:
            raise ModelError(
                f"Pruning left {missing} zeros too few in the layer {layer.name!r}.",
                "Train for more epochs, or use a smaller batch size; please report it if that does not help.",
            )


def _missing(rows: npt.NDArray[np.float32], settings: PruneSettings) -> int:
    """How many blocks (single weights, if they are 1×1) should be zero and are not."""
    down, across = settings.block
    (height, width) = rows.shape
    padded = np.pad(rows, ((0, -height % down), (0, -width % across)))
    blocks = padded.reshape(-(-height // down), down, -(-width // across), across)
    zeros = int(np.count_nonzero(~np.any(blocks != 0, axis=(1, 3))))
    blocks_in_all = blocks.shape[0] * blocks.shape[2]
    return max(0, math.ceil(settings.sparsity * blocks_in_all - _MISSING_PER_LAYER - zeros))


def _missing_in_groups(rows: npt.NDArray[np.float32], kept: int, group: int) -> int:
    """How many weights are other than zero beyond `kept` of each `group` side by side."""
    padded = np.pad(rows, ((0, 0), (0, -rows.shape[1] % group)))
    used = np.count_nonzero(padded.reshape(-1, group), axis=1)
    return int(np.maximum(used - kept, 0).sum())

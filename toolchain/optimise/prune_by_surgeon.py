"""Pruning by what the network's output loses: weights go where the others can make up for them.

In each layer the optimal brain surgeon (`brain_surgeon`) chooses, and least squares fit what stays to what
the layer gave.  Layers are taken in order, so that each makes up for the ones before it as well.  It needs
samples but no labels, and no training.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from toolchain.errors import ModelError
from toolchain.optimise.brain_surgeon import Floats, refit_rows, removal_costs
from toolchain.optimise.channel_groups import nodes_in_order
from toolchain.optimise.copy_network import copy_network
from toolchain.optimise.layer_statistics import LayerStatistics, layer_statistics
from toolchain.optimise.loss import difference
from toolchain.optimise.predict import predict
from toolchain.optimise.share_out import LEVELS, share_out
from toolchain.optimise.step_context import StepContext
from toolchain.vocabulary.data import Samples
from toolchain.vocabulary.steps.prune import PruneSettings

_KINDS = ("Conv1D", "Conv2D", "Dense")
# Samples for the least squares, and those of them on which the output is compared.
_SAMPLES = 1024
_COMPARED = 256
# Multiplications for one layer: some minutes.
_MOST_WORK = 3e11


@dataclass(frozen=True, slots=True, eq=False)
class _Removal:
    """A layer's least-squares problem, and the order in which its weights go: least cost first."""

    statistics: LayerStatistics
    order: Any
    kernel_shape: tuple[int, ...]

    def weights(self, share: float, with_bias: bool) -> list[Any]:
        """The layer's weights with `share` of the kernel at zero."""
        kept = np.ones(self.order.size, np.bool_)
        kept[self.order[: int(np.ceil(share * self.order.size - 1e-9))]] = False
        best = self.statistics.best
        kernel = refit_rows(best, self.statistics.gram, kept.reshape(best.shape))
        bias = [self.statistics.bias(kernel).astype(np.float32)] if with_bias else []
        return [kernel.reshape(self.kernel_shape).astype(np.float32), *bias]


def prune_by_surgeon(
    network: Any, chosen: Sequence[str], settings: PruneSettings, samples: Samples, context: StepContext
) -> Any:
    """A copy of `network` with `settings.sparsity` of the weights in the layers `chosen` at zero, untrained.

    Raises:
        ModelError: this does not work on one of the layers.
    """
    layers = [node.layer for node in nodes_in_order(network) if node.layer.name in chosen]
    for layer in layers:
        _refuse(layer)
    random = np.random.default_rng(context.seed)
    samples = samples.take(random.permutation(len(samples))[:_SAMPLES])
    shares: Mapping[str, float] = dict.fromkeys(chosen, settings.sparsity)
    if settings.allocation == "sensitivity":
        losses = _losses(network, layers, samples, context, settings.step)
        sizes = {str(layer.name): int(np.size(layer.get_weights()[0])) for layer in layers}
        shares = share_out(losses, sizes, settings.sparsity)
    pruned = copy_network(network)
    for layer in layers:
        removal = _removal(layer, network, pruned, samples)
        pruned.get_layer(layer.name).set_weights(removal.weights(shares[layer.name], layer.use_bias))
    return pruned


def _refuse(layer: Any) -> None:
    """Refuse a layer that is no plain matrix product, or too large a one."""
    kind = type(layer).__name__
    plain = getattr(layer, "groups", 1) == 1 and getattr(layer, "data_format", None) != "channels_first"
    if kind not in _KINDS or not plain or len(layer.inbound_nodes) != 1:
        raise ModelError(
            f"The layer {layer.name!r} ({kind}) cannot be pruned with importance 'obs': it works on Conv1D, "
            "Conv2D and Dense layers that are called once and read all channels together.",
            f'Leave it out with skip = ["{layer.name}"], or set importance to "magnitude".',
        )
    kernel = layer.get_weights()[0]
    given = int(kernel.shape[-1])
    if float(kernel.size // given) ** 3 * given > _MOST_WORK:
        raise ModelError(
            f"The layer {layer.name!r} is too large for importance 'obs', {kernel.size // given:,} weights "
            f"an output and {given:,} outputs: it would take hours.",
            f'Leave it out with skip = ["{layer.name}"], or set importance to "magnitude".',
        )


def _removal(layer: Any, before: Any, after: Any, samples: Samples) -> _Removal:
    statistics = layer_statistics(layer, before, after, samples)
    costs = removal_costs(statistics.best, statistics.gram) * _gains(layer, before)
    kernel = layer.get_weights()[0]
    # What is zero stays zero, and counts.
    costs[kernel.reshape(costs.shape) == 0] = -1.0
    return _Removal(statistics, np.argsort(costs, axis=None, kind="stable"), kernel.shape)


def _gains(layer: Any, network: Any) -> Floats:
    """By what the squares of a layer's outputs are multiplied right behind it, shape (given,)."""
    for node in nodes_in_order(network):
        after = node.layer
        if type(after).__name__ == "BatchNormalization" and node.parent_nodes[0].layer is layer:
            scale = np.asarray(after.gamma, np.float64) if after.scale else 1.0
            variance = np.asarray(after.moving_variance, np.float64)
            return np.asarray(scale**2 / (variance + after.epsilon))
    return np.ones(layer.get_weights()[0].shape[-1])


def _losses(
    network: Any, layers: Sequence[Any], samples: Samples, context: StepContext, step: str
) -> dict[str, list[float]]:
    """How far the network's output moves if one layer alone is pruned, at each of `LEVELS`."""
    task, compared, tried = context.task(network, step), samples.take(slice(_COMPARED)), copy_network(network)
    given = predict(network, compared)
    losses: dict[str, list[float]] = {}
    for number, layer in enumerate(layers):
        context.progress(0.0, f"{step}: what each layer can spare, {number + 1} of {len(layers)}")
        removal, losses[layer.name] = _removal(layer, network, network, samples), []
        for level in LEVELS:
            tried.get_layer(layer.name).set_weights(removal.weights(level, layer.use_bias))
            losses[layer.name].append(difference(task, given, predict(tried, compared)))
        tried.get_layer(layer.name).set_weights(layer.get_weights())
    return losses

"""How much each group of channels matters to a trained network: three ways to tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from toolchain.errors import ModelError
from toolchain.optimise.channel_groups import STAYS, ChannelGroups, Ids
from toolchain.tensorflow_import import import_stack

Scores = npt.NDArray[np.float64]
Batches = Iterator[tuple[Any, Any]]

# Axes of a kernel from its end: the channels it makes and those it reads.
_GIVEN_AXIS = {"Conv2DTranspose": -2}
_READ_AXIS = {"Conv2DTranspose": -1}
_READERS = ("Conv1D", "Conv2D", "Conv2DTranspose", "SeparableConv1D", "SeparableConv2D", "Dense")


def magnitude_scores(network: Any, groups: ChannelGroups) -> Scores:
    """The mean absolute weight of the filters that make a channel (Li et al. 2017, arXiv:1608.08710).

    Each layer's filters are taken relative to the layer's mean, so that layers can be compared.  Shape
    (highest id + 1,).
    """
    sums, counts = _empty(groups), _empty(groups)
    for name in groups.producers:
        layer = network.get_layer(name)
        kernel = np.abs(np.asarray(layer.get_weights()[-2 if layer.use_bias else -1], np.float64))
        of_filter = _over_others(kernel, _GIVEN_AXIS.get(type(layer).__name__, -1), np.mean)
        _add(sums, groups.gives[name], of_filter / max(float(of_filter.mean()), 1e-30))
        _add(counts, groups.gives[name], np.ones_like(of_filter))
    return sums / np.maximum(counts, 1)


def batch_norm_scores(network: Any, groups: ChannelGroups) -> Scores:
    """The absolute scale (gamma) of a channel's BatchNormalization (Liu et al. 2017, arXiv:1708.06519).

    Groups that pass no BatchNormalization with a scale have the score infinity.  Shape (highest id + 1,).

    Raises:
        ModelError: there is none at all.
    """
    sums, counts = _empty(groups), _empty(groups)
    for layer in network.layers:
        if type(layer).__name__ == "BatchNormalization" and layer.scale:
            _add(sums, groups.gives[layer.name], np.abs(np.asarray(layer.gamma, np.float64)))
            _add(counts, groups.gives[layer.name], np.ones(layer.gamma.shape[0]))
    if not counts[1:].any():
        raise ModelError(
            "No channel goes through a BatchNormalization with a scale, so that cannot rank the channels.",
            "Set importance to 'taylor' or 'magnitude'.",
        )
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.inf)


def taylor_scores(
    network: Any, groups: ChannelGroups, batches: Batches, loss: Callable[[Any, Any], Any]
) -> Scores:
    """How far the loss moves, to first order, if a channel is multiplied by zero.

    Molchanov et al. 2019, arXiv:1906.10771: squares of the sums of gradient x activation, over batches.

    The derivative by a factor on what a layer reads is the sum of weight x gradient over the weights that
    read it, so the kernels' gradients suffice.  `batches` gives inputs and targets, `loss` takes
    targets and outputs.  Shape (highest id + 1,).
    """
    tensorflow = import_stack("tensorflow")
    readers = [layer for layer in network.layers if type(layer).__name__ in _READERS]
    kernels = [layer.weights[0] for layer in readers]
    scores = _empty(groups)
    for inputs, targets in batches:
        with tensorflow.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(kernels)
            value = loss(targets, network(list(inputs), training=False))
        moved = _empty(groups)
        for layer, kernel, gradient in zip(readers, kernels, tape.gradient(value, kernels), strict=True):
            if gradient is not None and layer.name in groups.reads:
                product = np.asarray(kernel, np.float64) * np.asarray(gradient, np.float64)
                _add(moved, groups.reads[layer.name], _over_others(product, _read_axis(layer), np.sum))
        scores += moved**2
    return scores


def _read_axis(layer: Any) -> int:
    """A separable convolution's first kernel is the depthwise one, whose last axis multiplies."""
    return -2 if type(layer).__name__.startswith("Separable") else _READ_AXIS.get(type(layer).__name__, -2)


def _over_others(values: Scores, axis: int, how: Callable[..., Any]) -> Scores:
    """Everything but one axis brought together."""
    moved = np.moveaxis(values, axis, -1)
    return np.asarray(how(moved.reshape(-1, moved.shape[-1]), axis=0), np.float64)


def _empty(groups: ChannelGroups) -> Scores:
    rows = [row for row in (*groups.gives.values(), *groups.reads.values()) if row.size]
    return np.zeros(1 + max((int(row.max()) for row in rows), default=STAYS))


def _add(book: Scores, row: Ids, values: Scores) -> None:
    np.add.at(book, row, values)

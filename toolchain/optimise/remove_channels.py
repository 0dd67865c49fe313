"""A network without some of its channels: layers smaller by what is gone, all other weights as they were."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from toolchain.optimise.channel_groups import ChannelGroups, Ids
from toolchain.tensorflow_import import import_stack

Weights = list[npt.NDArray[np.float32]]


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """Positions that stay in what a layer reads and in what it gives."""

    read: npt.NDArray[np.int64]
    given: npt.NDArray[np.int64]


def remove_channels(network: Any, groups: ChannelGroups, gone: Ids) -> Any:
    """A copy of the `tf_keras` network without the channels of the groups `gone` (ids of `groups`)."""
    tf_keras = import_stack("tf_keras")
    kept = {name: _kept(groups, name, gone) for name in groups.gives}

    def smaller(layer: Any) -> Any:
        config = layer.get_config()
        if layer.name in kept:
            _shrink(type(layer).__name__, config, len(kept[layer.name].given))
        return layer.__class__.from_config(config)

    result = tf_keras.models.clone_model(network, clone_function=smaller)
    for old, new in zip(network.layers, result.layers, strict=True):
        cut = _CUTS.get(type(old).__name__)
        weights = old.get_weights()
        new.set_weights(weights if cut is None or old.name not in kept else cut(weights, kept[old.name]))
        new.trainable = old.trainable
    return result


def _kept(groups: ChannelGroups, name: str, gone: Ids) -> Kept:
    given = groups.gives[name]
    read = groups.reads.get(name, given)
    return Kept(np.flatnonzero(~np.isin(read, gone)), np.flatnonzero(~np.isin(given, gone)))


def _shrink(kind: str, config: dict[str, Any], channels: int) -> None:
    """Write the new number of channels where the layer's configuration has it."""
    for key in ("filters", "units"):
        if key in config:
            config[key] = channels
    if kind == "Reshape":
        config["target_shape"] = (*config["target_shape"][:-1], channels)


# The weights in tf_keras' order, cut to what stays: one function a kind of layer. -----------------------


def _convolution(weights: Weights, kept: Kept) -> Weights:
    kernel, *bias = weights
    return [kernel[..., kept.read, :][..., kept.given], *(row[kept.given] for row in bias)]


def _transposed_convolution(weights: Weights, kept: Kept) -> Weights:
    kernel, *bias = weights
    return [kernel[..., kept.given, :][..., kept.read], *(row[kept.given] for row in bias)]


def _depthwise(weights: Weights, kept: Kept) -> Weights:
    kernel, *bias = weights
    return [kernel[..., kept.read, :], *(row[kept.given] for row in bias)]


def _separable(weights: Weights, kept: Kept) -> Weights:
    depthwise, pointwise, *bias = weights
    multiplier = depthwise.shape[-1]
    middle = (kept.read[:, None] * multiplier + np.arange(multiplier)).reshape(-1)
    rows = [row[kept.given] for row in bias]
    return [depthwise[..., kept.read, :], pointwise[..., middle, :][..., kept.given], *rows]


def _channelwise(weights: Weights, kept: Kept) -> Weights:
    return [row[kept.given] for row in weights]


_CUTS: Mapping[str, Callable[[Weights, Kept], Weights]] = {
    "Conv1D": _convolution,
    "Conv2D": _convolution,
    "Dense": _convolution,
    "Conv2DTranspose": _transposed_convolution,
    "DepthwiseConv1D": _depthwise,
    "DepthwiseConv2D": _depthwise,
    "SeparableConv1D": _separable,
    "SeparableConv2D": _separable,
    "BatchNormalization": _channelwise,
}

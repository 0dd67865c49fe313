"""Batch normalisation folded into the layer before it: scale into the kernel, shift into the bias.

In inference the two are the same.  Before quantisation-aware training it has to be done: the library leaves
the scale outside of the trained weight range, and where the range is one for the whole kernel (Dense) the
converter then cannot keep what was trained, and falls back.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from toolchain.optimise.graph_edit import GraphEdit

Array = npt.NDArray[np.float32]

# The axes of the kernel that together are the output channel.
_CHANNEL_AXES = {
    "Dense": (-1,),
    "Conv1D": (-1,),
    "Conv2D": (-1,),
    "Conv2DTranspose": (-2,),
    "DepthwiseConv1D": (-2, -1),
    "DepthwiseConv2D": (-2, -1),
    "SeparableConv1D": (-1,),
    "SeparableConv2D": (-1,),
}


def fold_batch_norm(network: Any) -> tuple[Any, list[str]]:
    """A new network without the batch normalisations that could be folded, and the names of those left.

    `network` is a flat `tf_keras` model and is left as it is.  Folded is what alone reads a Dense or
    convolution layer that has no activation; left is, for instance, one behind a sum.
    """
    edit = GraphEdit(network)
    layers = {layer.name: layer for layer in network.layers}
    left = []
    for layer in network.layers:
        if type(layer).__name__ != "BatchNormalization":
            continue
        before = layers[edit.source(layer.name)] if edit.is_simple(layer.name) else None
        if before is None or not _can_take(edit, before, layer):
            left.append(str(layer.name))
            continue
        edit.change(before.name, _folded(before, layer), use_bias=True)
        edit.remove(layer.name)
    return edit.built(), left


def _can_take(edit: GraphEdit, before: Any, batch_norm: Any) -> bool:
    axes = tuple(batch_norm.axis)
    return (
        type(before).__name__ in _CHANNEL_AXES
        and before.activation.__name__ == "linear"
        and getattr(before, "data_format", "channels_last") == "channels_last"
        and axes in ((-1,), (len(batch_norm.input_shape) - 1,))
        and edit.is_simple(before.name)
        and edit.readers(before.name) == [batch_norm.name]
    )


def _folded(before: Any, batch_norm: Any) -> list[Array]:
    """The weights of `before`, with a bias, that do what both did."""
    weights = [np.asarray(weight, np.float32) for weight in before.get_weights()]
    kernels, bias = (weights[:-1], weights[-1]) if before.use_bias else (weights, np.float32(0.0))
    variance = np.asarray(batch_norm.moving_variance)
    gamma = np.asarray(batch_norm.gamma) if batch_norm.scale else np.ones_like(variance)
    beta = np.asarray(batch_norm.beta) if batch_norm.center else np.zeros_like(variance)
    factor = gamma / np.sqrt(variance + batch_norm.epsilon)
    kernel = kernels[-1]
    shape = [1] * kernel.ndim
    for axis in _CHANNEL_AXES[type(before).__name__]:
        shape[axis] = kernel.shape[axis]
    kernels[-1] = np.asarray(kernel * factor.reshape(shape), np.float32)
    shifted = (bias - np.asarray(batch_norm.moving_mean)) * factor + beta
    return [*kernels, np.asarray(shifted, np.float32)]

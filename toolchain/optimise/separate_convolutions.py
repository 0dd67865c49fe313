"""Standard convolutions become depthwise-separable ones, initialised from the weights they replace.

A kernel of taps x channels read x channels given is, for each channel read, a matrix of taps x channels
given.  Its singular vectors of the largest singular values are the best depthwise kernels, and with them the
best pointwise weights, in the least-squares sense; the pointwise weights are then fitted to the data.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from toolchain.errors import ModelError
from toolchain.optimise.chosen_layers import chosen_layers
from toolchain.optimise.graph_edit import GraphEdit, refuse_nested
from toolchain.optimise.refit_readers import refit_layer
from toolchain.optimise.refuse_optimised import refuse_optimised
from toolchain.optimise.step_context import StepContext
from toolchain.tensorflow_import import import_stack
from toolchain.vocabulary.steps.separate_convolutions import SeparateConvolutionsSettings

Floats = npt.NDArray[np.float32]

# With fewer channels between the two than this share of what the layer can tell apart, it is a bottleneck.
_LEAST_BETWEEN = 0.5
_SAMPLES = 1024


def separate_convolutions(network: Any, settings: SeparateConvolutionsSettings, context: StepContext) -> Any:
    """A new `tf_keras` model with a depthwise and a pointwise layer in the place of each chosen convolution.

    Without a choice: of the convolutions that have several taps, those that become cheaper, and that read
    enough channels to be told apart.  `network` is left as it is.

    Raises:
        DataError, ModelError: it cannot be trained on this data, see `StepContext.fit`.
        ModelError: no convolution is left to replace, or the network was pruned or quantised already.
    """
    context.task(network, settings.step)
    refuse_nested(network, settings.step)
    refuse_optimised(network, settings.step)
    edit = GraphEdit(network)
    able = [layer.name for layer in network.layers if _can_be(layer) and edit.is_simple(layer.name)]
    names = chosen_layers(able, settings.layers, settings.skip, settings.step)
    if settings.layers is None:
        names = [name for name in names if _pays(network.get_layer(name), settings.depth_multiplier)]
    if not names:
        raise ModelError(
            "No convolution of the network would become cheaper without a bottleneck.",
            "Name the layers to replace, set depth_multiplier, or leave the step out.",
        )
    for name in names:
        _replace(edit, network.get_layer(name), settings.depth_multiplier)
    separated = edit.built()
    random = np.random.default_rng(context.seed)
    samples = context.training(settings.step)
    chosen = samples.take(random.permutation(len(samples))[:_SAMPLES])
    for name in names:
        layer = network.get_layer(name)
        refit_layer(layer, network, separated, np.arange(layer.filters), chosen, random)
    context.fit(separated, settings, words="separate convolutions")
    return separated


def _can_be(layer: Any) -> bool:
    """A convolution over several taps that TensorFlow has a depthwise counterpart of."""
    if type(layer).__name__ not in ("Conv1D", "Conv2D"):
        return False
    return bool(
        math.prod(layer.kernel_size) > 1
        and layer.groups == 1
        and len(set(layer.strides)) == 1
        and (layer.strides[0] == 1 or set(layer.dilation_rate) == {1})
        and layer.padding != "causal"
        and layer.data_format == "channels_last"
    )


def _pays(layer: Any, multiplier: int) -> bool:
    taps, read, given = math.prod(layer.kernel_size), int(layer.kernel.shape[-2]), int(layer.filters)
    between = read * multiplier
    is_wide = between >= _LEAST_BETWEEN * min(given, taps * read)
    return bool(is_wide and taps * between + between * given < taps * read * given)


def _replace(edit: GraphEdit, layer: Any, multiplier: int) -> None:
    """The depthwise layer goes before; the pointwise one has the convolution's name, bias and activation."""
    layers = import_stack("tf_keras").layers
    kernel, *bias = layer.get_weights()
    depthwise_kernel, pointwise_kernel = separated_kernel(kernel, multiplier)
    depthwise = getattr(layers, type(layer).__name__.replace("Conv", "DepthwiseConv"))(
        layer.kernel_size,
        strides=layer.strides,
        padding=layer.padding,
        dilation_rate=layer.dilation_rate,
        depth_multiplier=multiplier,
        use_bias=False,
        name=f"{layer.name}_depthwise",
    )
    pointwise = type(layer)(
        layer.filters, 1, use_bias=layer.use_bias, activation=layer.activation, name=layer.name
    )
    edit.put_before(layer.name, depthwise, [depthwise_kernel])
    edit.replace(layer.name, pointwise, [pointwise_kernel, *bias])


def separated_kernel(kernel: Floats, multiplier: int) -> tuple[Floats, Floats]:
    """The nearest depthwise and pointwise kernel to a kernel of shape (*taps, read, given).

    Shapes (*taps, read, multiplier) and (*ones, read * multiplier, given); the channels between them are in
    the order that a depthwise layer gives them.
    """
    *taps, read, given = kernel.shape
    # (read, taps, given): a matrix for each channel read.
    matrices = np.moveaxis(kernel.reshape(-1, read, given), 1, 0).astype(np.float64)
    left, values, right = np.linalg.svd(matrices, full_matrices=False)
    count = min(multiplier, values.shape[1])
    root = np.sqrt(values[:, :count])
    depthwise = np.zeros((read, matrices.shape[1], multiplier))
    pointwise = np.zeros((read, multiplier, given))
    depthwise[:, :, :count] = left[:, :, :count] * root[:, None, :]
    pointwise[:, :count] = right[:, :count] * root[:, :, None]
    shape = (*(1 for _ in taps), read * multiplier, given)
    return (
        np.moveaxis(depthwise, 0, 1).reshape(*taps, read, multiplier).astype(np.float32),
        pointwise.reshape(shape).astype(np.float32),
    )

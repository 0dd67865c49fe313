"""One-dimensional convolutions as the two-dimensional layers that TFLite runs them as.

The converter does the same later: a sequence is an image of height 1.  Done here, quantisation-aware training
gives them a range a channel; the library's quantiser knows no kernels of rank 3.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from toolchain.optimise.graph_edit import GraphEdit
from toolchain.tensorflow_import import import_stack

_SEQUENTIAL = ("Conv1D", "DepthwiseConv1D", "SeparableConv1D")
# They work on single values, so that it is no matter in which shape.
_ELEMENTWISE = ("Activation", "LeakyReLU", "ReLU")


def images_of_sequences(network: Any) -> Any:
    """A new network in which each one-dimensional convolution is a two-dimensional one of the same name.

    Reshapes around it and its activation (`NAME_image`, `NAME_sequence`) cost nothing on the board.
    `network` is a flat `tf_keras` model and is left as it is.
    """
    kinds = {layer.name: type(layer).__name__ for layer in network.layers}
    edit = GraphEdit(network)
    for layer in network.layers:
        if kinds[layer.name] in _SEQUENTIAL and edit.is_simple(layer.name):
            _as_image(edit, layer)
            readers = edit.readers(layer.name)
            with_activation = len(readers) == 1 and kinds.get(readers[0]) in _ELEMENTWISE
            shape = import_stack("tf_keras").layers.Reshape(
                layer.output_shape[1:], name=f"{layer.name}_sequence"
            )
            edit.put_behind(readers[0] if with_activation else layer.name, shape)
    return edit.built()


def _as_image(edit: GraphEdit, layer: Any) -> None:
    """The layer in two dimensions, reshaped before; its output is still an image."""
    layers = import_stack("tf_keras").layers
    _, length, channels = layer.input_shape
    if layer.padding == "causal":
        # As many zeros in front as the kernel looks back.
        before = layer.dilation_rate[0] * (layer.kernel_size[0] - 1)
        edit.put_before(layer.name, layers.ZeroPadding1D((before, 0), name=f"{layer.name}_past"))
        length += before
    edit.put_before(layer.name, layers.Reshape((1, length, channels), name=f"{layer.name}_image"))
    edit.replace(layer.name, _image_layer(layers, layer), _image_weights(layer))


def _image_layer(layers: Any, layer: Any) -> Any:
    size, step = (1, layer.kernel_size[0]), layer.strides[0]
    common = {
        "name": layer.name,
        "padding": "valid" if layer.padding == "causal" else layer.padding,
        "use_bias": layer.use_bias,
        "activation": layer.activation,
        "dilation_rate": (1, layer.dilation_rate[0]),
    }
    if type(layer).__name__ == "Conv1D":
        return layers.Conv2D(layer.filters, size, strides=(1, step), groups=layer.groups, **common)
    # TensorFlow's depthwise kernels step alike in both directions; along a height of 1 it is no matter.
    common |= {"strides": (step, step), "depth_multiplier": layer.depth_multiplier}
    if type(layer).__name__ == "DepthwiseConv1D":
        return layers.DepthwiseConv2D(size, **common)
    return layers.SeparableConv2D(layer.filters, size, **common)


def _image_weights(layer: Any) -> list[Any]:
    """The kernels with an axis for the height of 1; the bias as it is."""
    weights: list[Any] = layer.get_weights()
    kernels = len(weights) - int(layer.use_bias)
    return [np.expand_dims(weight, 0) for weight in weights[:kernels]] + weights[kernels:]

"""Separable convolutions as the two layers they are: a depthwise one, and one of 1×1."""

from __future__ import annotations

from typing import Any

from toolchain.optimise.graph_edit import GraphEdit
from toolchain.tensorflow_import import import_stack


def split_separable(network: Any) -> Any:
    """A new network whose SeparableConv2D are a DepthwiseConv2D (`NAME_depthwise`) and a Conv2D of its name.

    `network` is a flat `tf_keras` model and is left as it is.
    """
    layers = import_stack("tf_keras").layers
    edit = GraphEdit(network)
    for layer in network.layers:
        if type(layer).__name__ != "SeparableConv2D" or not edit.is_simple(layer.name):
            continue
        depthwise, *pointwise = layer.get_weights()
        first = layers.DepthwiseConv2D(
            layer.kernel_size,
            strides=layer.strides,
            padding=layer.padding,
            dilation_rate=layer.dilation_rate,
            depth_multiplier=layer.depth_multiplier,
            use_bias=False,
            name=f"{layer.name}_depthwise",
        )
        second = layers.Conv2D(
            layer.filters, 1, use_bias=layer.use_bias, activation=layer.activation, name=layer.name
        )
        edit.put_before(layer.name, first, [depthwise])
        edit.replace(layer.name, second, pointwise)
    return edit.built()

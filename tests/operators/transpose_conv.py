"""Models of one TRANSPOSE_CONV, and how a random network grows by one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import tflite

if TYPE_CHECKING:
    from tests.random_networks import RandomNetwork


def grow_transpose_conv(network: RandomNetwork) -> bool:
    """Strides beyond the filter, outputs cut short or reaching further than any input, are among it."""
    if len(network.shape(network.last)) != 4:
        return False
    batch, height, width, channels = network.shape(network.last)
    kernel, strides = (network.whole(1, 5), network.whole(1, 5)), (network.whole(1, 3), network.whole(1, 4))
    same = network.chance(0.5)
    size = [
        max(1, extent * s + (0 if same else max(k - s, 0)) + network.whole(-1, 1) * network.whole(0, 2))
        for extent, k, s in zip((height, width), kernel, strides, strict=True)
    ]
    filters = network.whole(1, 7)
    output_shape = (batch, *size, filters)
    if math.prod(output_shape) > 4096:
        return False
    shape = (filters, *kernel, channels)
    weights, bias, output = network.weighted(shape, 0, math.prod(shape[1:]), output_shape)
    inputs = [network.constant(list(output_shape)), weights, network.last]
    network.builder.operator(
        "TRANSPOSE_CONV",
        inputs if bias == -1 and network.chance(0.5) else [*inputs, bias],
        [output],
        Padding=tflite.Padding.SAME if same else tflite.Padding.VALID,
        StrideH=strides[0],
        StrideW=strides[1],
        FusedActivationFunction=network.activation(),
    )
    network.last = output
    return True

"""Layers as converters make them, in many shapes: weights around 0, one scale a channel, int8 filled."""

from __future__ import annotations

import math

import numpy as np
import tflite

from tests.random_networks import RandomNetwork

NONE, RELU = tflite.ActivationFunctionType.NONE, tflite.ActivationFunctionType.RELU


def weighted(
    network: RandomNetwork, shape: tuple[int, ...], output_shape: tuple[int, ...], channel_axis: int = 0
) -> tuple[list[int], int, int]:
    """Weights and bias, the output, and the activation: outputs are rectified in two layers of three."""
    channels, taps = shape[channel_axis], math.prod(shape) // shape[channel_axis]
    data = np.rint(network.rng.normal(0, 45, shape)).clip(-127, 127).astype(np.int8)
    scales = [float(np.float32(0.01 * 2.0 ** network.rng.uniform(-1, 1))) for _ in range(channels)]
    weights = network.builder.tensor(shape, "INT8", scales, 0, axis=channel_axis, data=data)
    source = network.scale_of(network.last)
    typical = 73 * 45 * math.sqrt(taps)
    bias = network.builder.tensor(
        (channels,),
        "INT32",
        [float(np.float32(source) * np.float32(scale)) for scale in scales],
        0,
        data=network.rng.integers(-int(typical), int(typical) + 1, channels),
    )
    rectified = network.chance(0.67)
    reach = typical * source * 0.01 / 60 * 2.0 ** network.rng.uniform(-1, 1)
    output = network.activation_tensor(
        output_shape, float(np.float32(reach)), -128 if rectified else network.whole(-128, 127)
    )
    activation = RELU if rectified or network.chance(0.3) else NONE
    return [network.last, weights, bias], output, activation


def conv_2d(seed: int) -> bytes:
    """Any number of channels, few and in fours, with and without padding; a third are 1x1."""
    network = RandomNetwork(seed)
    batch = 2 if network.chance(0.2) else 1
    height, width = network.whole(1, 9), network.whole(1, 9)
    channels = network.whole(1, 9) if network.chance(0.5) else 4 * network.whole(1, 5)
    filters = network.whole(4, 11) if network.chance(0.5) else 4 * network.whole(1, 4)
    same, pointwise = network.chance(0.6), network.chance(0.35)
    kernel = (1, 1) if pointwise else (network.whole(1, 4), network.whole(1, 5))
    strides = (1, 1) if pointwise and network.chance(0.8) else (network.whole(1, 3), network.whole(1, 3))
    dilation = (network.whole(1, 2), 1) if same and network.chance(0.2) else (1, 1)
    if not same:
        kernel = (min(kernel[0], height), min(kernel[1], width))
    size = [
        -(-extent // s) if same else (extent - k) // s + 1
        for extent, k, s in zip((height, width), kernel, strides, strict=True)
    ]
    network.last = network.activation_tensor((batch, height, width, channels))
    network.inputs.append(network.last)
    inputs, output, activation = weighted(network, (filters, *kernel, channels), (batch, *size, filters))
    network.builder.operator(
        "CONV_2D",
        inputs,
        [output],
        Padding=tflite.Padding.SAME if same else tflite.Padding.VALID,
        StrideH=strides[0],
        StrideW=strides[1],
        DilationHFactor=dilation[0],
        DilationWFactor=dilation[1],
        FusedActivationFunction=activation,
    )
    return network.builder.build(network.inputs, [output])


def conv_3x3(seed: int) -> bytes:
    """One to three layers of 3x3 at stride 1, of any size, channels and padding; ADDs among them."""
    network = RandomNetwork(seed)
    batch = 2 if network.chance(0.2) else 1
    height, width = network.whole(1, 11), network.whole(1, 11)
    channels = network.whole(1, 13) if network.chance(0.5) else 8 * network.whole(1, 3)
    network.last = network.activation_tensor((batch, height, width, channels))
    network.inputs.append(network.last)
    for _ in range(network.whole(1, 3)):
        _grow_3x3(network)
        if network.chance(0.3):
            network.add()
    return network.builder.build(network.inputs, [network.last])


def _grow_3x3(network: RandomNetwork) -> None:
    batch, height, width, channels = network.shape(network.last)
    same = min(height, width) < 3 or network.chance(0.6)
    filters = channels if network.chance(0.4) else network.whole(1, 11)
    size = (height, width) if same else (height - 2, width - 2)
    inputs, output, activation = weighted(network, (filters, 3, 3, channels), (batch, *size, filters))
    network.builder.operator(
        "CONV_2D",
        inputs,
        [output],
        Padding=tflite.Padding.SAME if same else tflite.Padding.VALID,
        StrideH=1,
        StrideW=1,
        DilationHFactor=1,
        DilationWFactor=1,
        FusedActivationFunction=activation,
    )
    network.last = output


def fully_connected(seed: int) -> bytes:
    """One row or a few; inputs and outputs in any number."""
    network = RandomNetwork(seed)
    rows = 1 if network.chance(0.6) else network.whole(2, 5)
    inputs = network.whole(1, 40) if network.chance(0.5) else 4 * network.whole(1, 100)
    outputs = network.whole(4, 40)
    network.last = network.activation_tensor((rows, inputs))
    network.inputs.append(network.last)
    operands, output, activation = weighted(network, (outputs, inputs), (rows, outputs))
    network.builder.operator("FULLY_CONNECTED", operands, [output], FusedActivationFunction=activation)
    return network.builder.build(network.inputs, [output])


def square(channels: int, pixels: tuple[int, int] = (25, 5), seed: int = 1) -> bytes:
    """A convolution of one tap from as many channels to as many, as in keyword spotting."""
    network = RandomNetwork(seed)
    shape = (1, *pixels, channels)
    network.last = network.activation_tensor(shape)
    network.inputs.append(network.last)
    inputs, output, activation = weighted(network, (channels, 1, 1, channels), shape)
    network.builder.operator(
        "CONV_2D",
        inputs,
        [output],
        Padding=tflite.Padding.SAME,
        StrideH=1,
        StrideW=1,
        DilationHFactor=1,
        DilationWFactor=1,
        FusedActivationFunction=activation,
    )
    return network.builder.build(network.inputs, [output])


def depthwise(seed: int) -> bytes:
    """3x3 at stride 1 or 2, any size and padding; some of other shapes."""
    network = RandomNetwork(seed)
    batch = 2 if network.chance(0.2) else 1
    height, width = network.whole(1, 12), network.whole(1, 12)
    channels = network.whole(1, 9) if network.chance(0.6) else 4 * network.whole(1, 5)
    same, usual = network.chance(0.7), network.chance(0.9)
    kernel = (3, 3) if usual else (network.whole(1, 5), network.whole(1, 5))
    stride = network.whole(1, 2)
    if not same:
        height, width = max(height, kernel[0]), max(width, kernel[1])
    size = [
        -(-extent // stride) if same else (extent - k) // stride + 1
        for extent, k in zip((height, width), kernel, strict=True)
    ]
    network.last = network.activation_tensor((batch, height, width, channels))
    network.inputs.append(network.last)
    inputs, output, activation = weighted(
        network, (1, *kernel, channels), (batch, *size, channels), channel_axis=3
    )
    network.builder.operator(
        "DEPTHWISE_CONV_2D",
        inputs,
        [output],
        Padding=tflite.Padding.SAME if same else tflite.Padding.VALID,
        StrideH=stride,
        StrideW=stride,
        DilationHFactor=1,
        DilationWFactor=1,
        DepthMultiplier=1,
        FusedActivationFunction=activation,
    )
    return network.builder.build(network.inputs, [output])


def added(name: str, seed: int) -> bytes:
    """ADD or SUB of two tensors of one shape, or of one with itself."""
    network = RandomNetwork(seed)
    shape = tuple(network.whole(1, 9) for _ in range(network.whole(1, 4)))
    scales = [float(np.float32(0.05 * 2.0 ** network.rng.uniform(-2, 2))) for _ in range(2)]
    first, second = (network.activation_tensor(shape, scale, network.whole(-128, 127)) for scale in scales)
    second = first if network.chance(0.1) else second
    rectified = network.chance(0.6)
    reach = float(np.float32(max(scales) * 2.0 ** network.rng.uniform(-0.5, 1)))
    output = network.activation_tensor(shape, reach, -128 if rectified else network.whole(-128, 127))
    network.builder.operator(
        name, [first, second], [output], FusedActivationFunction=RELU if rectified else NONE
    )
    return network.builder.build(list(dict.fromkeys([first, second])), [output])

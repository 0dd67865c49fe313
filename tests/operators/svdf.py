"""Models of one SVDF, and how a random network grows by one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import tflite

if TYPE_CHECKING:
    from tests.random_networks import RandomNetwork

_LARGEST = {"INT8": 127, "INT16": 32767}


def grow_svdf(network: RandomNetwork, *, wild: bool = False) -> bool:
    """`wild` draws states with zero points, and weights over time whose sums leave 32 bits."""
    shape = network.shape(network.last)
    if len(shape) != 2:
        return False
    batch, inputs = shape
    dtype = "INT16" if network.chance(0.6) else "INT8"
    rank, units, memory = network.whole(1, 3), network.whole(1, 7), network.whole(1, 9)
    filters = rank * units
    builder, largest = network.builder, _LARGEST[dtype]
    features = builder.tensor(
        (filters, inputs),
        "INT8",
        network.scale() * 0.1,
        0,
        data=network.rng.integers(-127, 128, (filters, inputs)),
    )
    feature_scale = network.scale_of(network.last) * network.scale_of(features)
    # Around this scale the states fill their type.
    state_scale = feature_scale * 73 * 73 * math.sqrt(inputs) / largest * 2.0 ** network.rng.uniform(-1, 3)
    time_scale = network.scale() / largest
    zero_point = network.whole(-largest, largest) if wild and network.chance(0.3) else 0
    state = builder.tensor(
        (batch, filters * memory), dtype, float(np.float32(state_scale)), zero_point, variable=True
    )
    reach = largest if wild or dtype == "INT8" else largest // memory // rank
    time = builder.tensor(
        (filters, memory),
        dtype,
        float(np.float32(time_scale)),
        0,
        data=network.rng.integers(-reach, reach + 1, (filters, memory)),
    )
    bias_scale = float(np.float32(state_scale) * np.float32(time_scale))
    bias = builder.tensor((units,), "INT32", bias_scale, 0, data=network.rng.integers(-(2**20), 2**20, units))
    typical = bias_scale * largest * reach * math.sqrt(memory * rank) / 200
    output = network.activation_tensor(
        (batch, units), float(np.float32(typical * 2.0 ** network.rng.uniform(-3, 2)))
    )
    activation = (
        tflite.ActivationFunctionType.RELU if network.chance(0.5) else tflite.ActivationFunctionType.NONE
    )
    builder.operator(
        "SVDF",
        [network.last, features, time, bias, state],
        [output],
        Rank=rank,
        FusedActivationFunction=activation,
    )
    network.last = output
    return True


def grow_wild_svdf(network: RandomNetwork) -> bool:
    return grow_svdf(network, wild=True)

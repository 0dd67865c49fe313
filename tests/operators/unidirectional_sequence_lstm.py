"""Models of one UNIDIRECTIONAL_SEQUENCE_LSTM, and how a random network grows by one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import tflite

if TYPE_CHECKING:
    from tests.random_networks import RandomNetwork

_CLIPS = (0.0, 0.0, 10.0, 0.7, -1.0)


def grow_lstm(network: RandomNetwork) -> bool:
    """Gates from mostly flat to mostly saturated; either axis first; cell states that clip."""
    shape = network.shape(network.last)
    if len(shape) != 3:
        return False
    builder, inputs, units = network.builder, shape[2], network.whole(1, 7)
    time_major = network.chance(0.4)
    batch = shape[1] if time_major else shape[0]
    hidden_scale, hidden_zero = float(np.float32(2.0 ** network.rng.uniform(-9, -6))), network.zero_point()
    tensors = [-1] * 24
    tensors[0] = network.last
    for gate in range(4):
        for first, count, source in ((1, inputs, network.scale_of(network.last)), (5, units, hidden_scale)):
            # Around this scale sums are a few units of the gate's argument.
            scale = 2.0 ** network.rng.uniform(-4, 3) / (source * 73 * 73 * math.sqrt(count))
            tensors[first + gate] = builder.tensor(
                (units, count),
                "INT8",
                float(np.float32(scale)),
                0,
                data=network.rng.integers(-128, 128, (units, count)),
            )
        reach = 2 ** network.whole(4, 20)
        data = network.rng.integers(-reach, reach + 1, units)
        bias_scale = network.scale_of(network.last) * network.scale_of(tensors[1 + gate])
        tensors[12 + gate] = builder.tensor((units,), "INT32", float(np.float32(bias_scale)), 0, data=data)
    tensors[18] = builder.tensor((batch, units), "INT8", hidden_scale, hidden_zero, variable=True)
    tensors[19] = builder.tensor(
        (batch, units), "INT16", float(2.0 ** network.whole(-17, -9)), 0, variable=True
    )
    output = network.activation_tensor((*shape[:2], units), hidden_scale, hidden_zero)
    builder.operator(
        "UNIDIRECTIONAL_SEQUENCE_LSTM",
        tensors,
        [output],
        FusedActivationFunction=tflite.ActivationFunctionType.TANH,
        CellClip=_CLIPS[network.whole(0, len(_CLIPS) - 1)],
        TimeMajor=time_major,
    )
    network.last = output
    return True

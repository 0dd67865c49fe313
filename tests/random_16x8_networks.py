"""Random networks with int16 activations and int8 weights."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from tests.operators.transpose_conv import grow_transpose_conv
from tests.random_networks import RandomNetwork


@dataclass
class Random16x8Network(RandomNetwork):
    """The same steps as `RandomNetwork`, on int16 tensors.

    `bias_types` are those the reference reads, by the axis of the output channels in the weights.
    """

    bias_types: dict[int, tuple[str, ...]] = field(
        default_factory=lambda: {0: ("INT32", "INT64", "INT64"), 3: ("INT64",)}
    )

    def scale(self) -> float:
        return float(np.float32(2.0 ** self.rng.uniform(-18, -3)))

    def zero_point(self) -> int:
        return 0

    def activation_tensor(
        self, shape: tuple[int, ...], scale: float | None = None, zero: int | None = None
    ) -> int:
        del zero
        return self.builder.tensor(shape, "INT16", self.scale() if scale is None else scale, 0)

    def values(self, shape: tuple[int, ...]) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
        if self.chance(0.3):
            return self.rng.choice(np.array([-32768, 32767, 0, -1], np.int16), shape)
        return self.rng.integers(-(2**15), 2**15, shape).astype(np.int16)

    def start(self) -> None:
        batch = 2 if self.chance(0.1) else 1
        shape: tuple[int, ...] = (batch, self.whole(1, 9), self.whole(1, 9), self.whole(1, 9))
        if self.chance(0.2):
            shape = (self.whole(1, 3), self.whole(1, 1300))
        self.last = self.activation_tensor(shape)
        self.inputs.append(self.last)

    def finish(self) -> bytes:
        if not self.builder.operators:
            self.reshape()
        self.outputs.append(self.last)
        return self.builder.build(self.inputs, self.outputs)

    def weighted(
        self, shape: tuple[int, ...], channel_axis: int, taps: int, output_shape: tuple[int, ...]
    ) -> tuple[int, int, int]:
        """Weights, bias (or -1: int32, int64 or absent) and output of a layer that sums `taps` products."""
        source_scale, channels = self.scale_of(self.last), shape[channel_axis]
        count = channels if self.chance(0.7) else 1
        scales = [float(np.float32(2.0 ** self.rng.uniform(-12, -6))) for _ in range(count)]
        extreme = self.chance(0.2)
        data = self.rng.choice([-128, 127], shape) if extreme else self.rng.integers(-127, 128, shape)
        weights = self.builder.tensor(shape, "INT8", scales, 0, axis=channel_axis, data=data)
        bias = -1
        if self.chance(0.8):
            dtype = str(self.rng.choice(self.bias_types[channel_axis]))
            reach = 2 ** self.whole(4, {"INT16": 14, "INT32": 30, "INT64": 46}[dtype])
            bias = self.builder.tensor(
                (channels,),
                dtype,
                [float(np.float32(source_scale) * np.float32(scale)) for scale in scales],
                0,
                data=self.rng.integers(-reach, reach + 1, channels),
            )
        typical = source_scale * float(np.median(scales)) * 73 * math.sqrt(taps)
        output = self.activation_tensor(
            output_shape, float(np.float32(typical * 2.0 ** self.rng.uniform(-4, 4)))
        )
        return weights, bias, output

    def transpose_conv(self) -> bool:
        usual, self.bias_types = self.bias_types, {0: ("INT16", "INT64")}
        grown = grow_transpose_conv(self)
        self.bias_types = usual
        return grown

    def add(self) -> bool:
        return self._two_inputs("ADD", lambda a, b: max(a, b) * 2.0 ** self.rng.uniform(-2, 2))

    def mul(self) -> bool:
        return self._two_inputs("MUL", lambda a, b: a * b * 2.0 ** self.rng.uniform(8, 18))

    def _two_inputs(self, name: str, output_scale: Callable[[float, float], float]) -> bool:
        """The last tensor with a constant (repeated along some axes), an input of the model, or itself."""
        shape = self.shape(self.last)
        kind = self.whole(0, 2)
        if kind == 0:
            first = self.whole(0, max(len(shape) - 1, 0))
            other_shape = tuple(n if self.chance(0.6) else 1 for n in shape)[first:]
            other = self.builder.tensor(other_shape, "INT16", self.scale(), 0, data=self.values(other_shape))
        elif kind == 1:
            other = self.activation_tensor(shape)
            self.inputs.append(other)
        else:
            other = self.last
        scale = output_scale(self.scale_of(self.last), self.scale_of(other))
        output = self.activation_tensor(shape, float(np.float32(scale)))
        pair = [self.last, other] if self.chance(0.5) else [other, self.last]
        self.builder.operator(name, pair, [output], FusedActivationFunction=self.activation())
        self.last = output
        return True

    def softmax(self) -> bool:
        shape = self.shape(self.last)
        if not shape or self.scale_of(self.last) > 1.5:
            return False
        output = self.activation_tensor(shape, 2.0**-15)
        self.builder.operator("SOFTMAX", [self.last], [output], Beta=(1.0, 0.5, 3.0)[self.whole(0, 2)])
        self.last = output
        return True

    def logistic(self) -> bool:
        return self.scale_of(self.last) < 2.5 and self._unary("LOGISTIC", 2.0**-15)

    def tanh(self) -> bool:
        return self.scale_of(self.last) < 2.5 and self._unary("TANH", 2.0**-15)

    def concatenation(self) -> bool:
        """The last tensor, a constant of the same shape, and a rescaled copy, in any order."""
        shape, axis = self.shape(self.last), self.whole(-len(self.shape(self.last)), 0)
        if not shape or axis == 0 or math.prod(shape) > 2048:
            return False
        copied = self.activation_tensor(shape)
        self.builder.operator("QUANTIZE", [self.last], [copied])
        parts = [self.last, copied, self.builder.tensor(shape, "INT16", 0.5, 0, data=self.values(shape))]
        parts = [parts[int(i)] for i in self.rng.permutation(3)]
        extents = list(shape)
        extents[axis] *= 3
        output = self.activation_tensor(tuple(extents))
        self.builder.operator("CONCATENATION", parts, [output], Axis=axis)
        self.last = output
        return True

    def relu(self) -> bool:
        return self._unary("RELU", self.scale_of(self.last) * 2.0 ** self.rng.uniform(-3, 3))

    def quantize(self) -> bool:
        return self._unary("QUANTIZE", self.scale_of(self.last) * 2.0 ** self.rng.uniform(-3, 3))

    def _unary(self, name: str, scale: float) -> bool:
        output = self.activation_tensor(self.shape(self.last), float(np.float32(scale)))
        self.builder.operator(name, [self.last], [output])
        self.last = output
        return True

    def through_int8(self) -> bool:
        """QUANTIZE to int8 and back."""
        shape, scale = self.shape(self.last), self.scale_of(self.last)
        zero = int(self.rng.choice([-128, 127, 0, 5]))
        narrow = self.builder.tensor(
            shape, "INT8", float(np.float32(scale * 2.0 ** self.rng.uniform(4, 10))), zero
        )
        self.builder.operator("QUANTIZE", [self.last], [narrow])
        self.last = self.activation_tensor(shape, float(np.float32(scale * 2.0 ** self.rng.uniform(-2, 2))))
        self.builder.operator("QUANTIZE", [narrow], [self.last])
        return True

    def from_float(self) -> bool:
        """A second input of the model, float, added to the last tensor."""
        shape = self.shape(self.last)
        source = self.builder.tensor(shape, "FLOAT32")
        quantised = self.activation_tensor(shape, float(np.float32(2.0 ** self.rng.uniform(-12, -8))))
        self.inputs.append(source)
        self.builder.operator("QUANTIZE", [source], [quantised])
        output = self.activation_tensor(shape)
        scale = max(self.scale_of(self.last), self.scale_of(quantised))
        self.builder.tensors[output].scales = [float(np.float32(scale * 2))]
        self.builder.operator("ADD", [self.last, quantised], [output])
        self.last = output
        return True

    def to_float(self) -> bool:
        """A second output of the model, in float."""
        output = self.builder.tensor(self.shape(self.last), "FLOAT32")
        self.builder.operator("DEQUANTIZE", [self.last], [output])
        self.outputs.append(output)
        return True


STEPS: dict[str, tuple[int, Callable[[Random16x8Network], bool]]] = {
    "CONV_2D": (6, Random16x8Network.conv_2d),
    "DEPTHWISE_CONV_2D": (5, Random16x8Network.depthwise_conv_2d),
    "TRANSPOSE_CONV": (2, Random16x8Network.transpose_conv),
    "FULLY_CONNECTED": (4, Random16x8Network.fully_connected),
    "AVERAGE_POOL_2D": (2, Random16x8Network.average_pool_2d),
    "MAX_POOL_2D": (2, Random16x8Network.max_pool_2d),
    "ADD": (3, Random16x8Network.add),
    "MUL": (2, Random16x8Network.mul),
    "SOFTMAX": (1, Random16x8Network.softmax),
    "LOGISTIC": (1, Random16x8Network.logistic),
    "TANH": (1, Random16x8Network.tanh),
    "RELU": (1, Random16x8Network.relu),
    "RELU6": (1, Random16x8Network.relu6),
    "PAD": (2, Random16x8Network.pad),
    "CONCATENATION": (2, Random16x8Network.concatenation),
    "RESHAPE": (1, Random16x8Network.reshape),
    "SQUEEZE": (1, Random16x8Network.squeeze),
    "EXPAND_DIMS": (1, Random16x8Network.expand_dims),
    "QUANTIZE": (1, Random16x8Network.quantize),
    "QUANTIZE to int8 and back": (1, Random16x8Network.through_int8),
    "QUANTIZE from float": (1, Random16x8Network.from_float),
    "DEQUANTIZE": (1, Random16x8Network.to_float),
}


def random_16x8_network(seed: int, layers: int) -> bytes:
    """A network of up to `layers` operators, the same for the same arguments."""
    network = Random16x8Network(seed)
    network.start()
    names = [name for name, (weight, _) in STEPS.items() for _ in range(weight)]
    for _ in range(layers):
        STEPS[names[network.whole(0, len(names) - 1)]][1](network)
    return network.finish()


def single_operator_16x8_network(name: str, seed: int) -> bytes:
    """A network of one operator `name`; the first seed from `seed` on for which it can be applied."""
    while True:
        network = Random16x8Network(seed)
        network.start()
        if STEPS[name][1](network):
            return network.finish()
        seed += 1

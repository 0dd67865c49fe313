"""Random int8 networks as `.tflite` files: odd shapes, strides, dilations, zero points, saturation."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import tflite

from tests.flatbuffer_builder import ModelBuilder
from tests.operators.batch_matmul import grow_batch_matmul
from tests.operators.binary import grow_binary
from tests.operators.joining import (
    grow_concatenation,
    grow_pack,
    grow_split,
    grow_split_v,
    grow_unpack,
)
from tests.operators.picking import (
    grow_depth_to_space,
    grow_gather,
    grow_padv2,
    grow_resize_bilinear,
    grow_resize_nearest_neighbor,
    grow_slice,
    grow_space_to_depth,
    grow_strided_slice,
    grow_transpose,
)
from tests.operators.reduction import grow_arg_max, grow_reduction
from tests.operators.streaming import grow_delay
from tests.operators.svdf import grow_svdf
from tests.operators.transpose_conv import grow_transpose_conv
from tests.operators.unary import grow_l2_normalization, grow_unary
from tests.operators.unidirectional_sequence_lstm import grow_lstm

_MAX_ELEMENTS = 4096
_ACTIVATIONS = (
    tflite.ActivationFunctionType.NONE,
    tflite.ActivationFunctionType.RELU,
    tflite.ActivationFunctionType.RELU6,
    tflite.ActivationFunctionType.RELU_N1_TO_1,
)


@dataclass
class RandomNetwork:
    """Grows a network operator by operator; `last` is the tensor the next one reads."""

    seed: int
    builder: ModelBuilder = field(default_factory=ModelBuilder)
    inputs: list[int] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)
    last: int = 0

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)

    # What is drawn.

    def whole(self, low: int, high: int) -> int:
        """An integer from low to high, both included."""
        return int(self.rng.integers(low, high + 1))

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def scale(self) -> float:
        return float(np.float32(2.0 ** self.rng.uniform(-10, 0)))

    def zero_point(self) -> int:
        return (-128, 127, 0, self.whole(-128, 127))[self.whole(0, 3)]

    def activation(self) -> int:
        return int(_ACTIVATIONS[self.whole(0, 3)])

    # Tensors.

    def shape(self, tensor: int) -> tuple[int, ...]:
        return self.builder.tensors[tensor].shape

    def scale_of(self, tensor: int) -> float:
        return float(self.builder.tensors[tensor].scales[0])

    def zero_of(self, tensor: int) -> int:
        return int(self.builder.tensors[tensor].zero_points[0])

    def activation_tensor(
        self, shape: tuple[int, ...], scale: float | None = None, zero: int | None = None
    ) -> int:
        chosen = self.scale() if scale is None else scale
        return self.builder.tensor(shape, "INT8", chosen, self.zero_point() if zero is None else zero)

    def like(self, shape: tuple[int, ...], source: int) -> int:
        return self.activation_tensor(shape, self.scale_of(source), self.zero_of(source))

    def constant(self, values: list[int], shape: tuple[int, ...] | None = None) -> int:
        data = np.array(values, np.int32)
        return self.builder.tensor(shape if shape is not None else data.shape, "INT32", data=data)

    def start(self) -> None:
        if self.chance(0.8):
            batch = 2 if self.chance(0.1) else 1
            shape: tuple[int, ...] = (batch, self.whole(1, 9), self.whole(1, 9), self.whole(1, 9))
        else:
            shape = (self.whole(1, 3), self.whole(1, 40))
        if self.chance(0.1):
            source = self.builder.tensor(shape, "FLOAT32")
            self.last = self.activation_tensor(shape)
            self.builder.operator("QUANTIZE", [source], [self.last])
            self.inputs.append(source)
        else:
            self.last = self.activation_tensor(shape)
            self.inputs.append(self.last)

    def finish(self) -> bytes:
        if not self.builder.operators:
            self.relu()
        if self.chance(0.1):
            output = self.builder.tensor(self.shape(self.last), "FLOAT32")
            self.builder.operator("DEQUANTIZE", [self.last], [output])
            self.last = output
        self.outputs.append(self.last)
        made = [t for op in self.builder.operators for t in op.outputs if t != self.last]
        int8 = [t for t in made if self.builder.tensors[t].dtype == "INT8"]
        if int8 and self.chance(0.2):
            self.outputs.append(int8[self.whole(0, len(int8) - 1)])
        return self.builder.build(self.inputs, self.outputs)

    # Operators; each returns whether it could be applied.

    def weighted(
        self, shape: tuple[int, ...], channel_axis: int, taps: int, output_shape: tuple[int, ...]
    ) -> tuple[int, int, int]:
        """Weights, bias (or -1) and output of a layer that sums `taps` products."""
        source_scale, channels = self.scale_of(self.last), shape[channel_axis]
        per_channel = self.chance(0.7)
        scales = [
            self.scale() * 0.05 * float(2.0 ** self.rng.uniform(-2, 2))
            for _ in range(channels if per_channel else 1)
        ]
        scales = [float(np.float32(scale)) for scale in scales]
        data = (
            self.rng.integers(-127, 128, shape)
            if self.chance(0.8)
            else self.rng.choice([-128, 127, 0], shape)
        )
        weights = self.builder.tensor(shape, "INT8", scales, 0, axis=channel_axis, data=data)
        bias = -1
        if self.chance(0.8):
            reach = 2 ** self.whole(4, 26)
            bias = self.builder.tensor(
                (channels,),
                "INT32",
                [float(np.float32(source_scale) * np.float32(scale)) for scale in scales],
                0,
                data=self.rng.integers(-reach, reach + 1, channels),
            )
        # Around this scale outputs fill int8; the factor goes from mostly 0 to mostly saturated.
        typical = source_scale * float(np.median(scales)) * 73 * 73 * math.sqrt(taps) / 50
        output = self.activation_tensor(
            output_shape, float(np.float32(typical * 2.0 ** self.rng.uniform(-3, 3)))
        )
        return weights, bias, output

    def _window(
        self, kernel: tuple[int, int], dilation: tuple[int, int]
    ) -> tuple[int, dict[str, int], tuple[int, int]] | None:
        """Padding, strides and output size, or None where nothing would be left."""
        _, height, width, _ = self.shape(self.last)
        same, strides = self.chance(0.5), (self.whole(1, 3), self.whole(1, 3))
        size = []
        for extent, k, s, d in zip((height, width), kernel, strides, dilation, strict=True):
            size.append(-(-extent // s) if same else (extent - (k - 1) * d - 1) // s + 1)
        if min(size) < 1:
            return None
        padding = tflite.Padding.SAME if same else tflite.Padding.VALID
        return padding, {"StrideH": strides[0], "StrideW": strides[1]}, (size[0], size[1])

    def conv_2d(self) -> bool:
        if len(self.shape(self.last)) != 4:
            return False
        batch, _, _, channels = self.shape(self.last)
        kernel = (1, 1) if self.chance(0.3) else (self.whole(1, 4), self.whole(1, 4))
        dilation = (self.whole(1, 2), self.whole(1, 2)) if self.chance(0.4) else (1, 1)
        window = self._window(kernel, dilation)
        if window is None:
            return False
        padding, strides, size = window
        divisors = [g for g in range(1, channels + 1) if channels % g == 0]
        groups = divisors[self.whole(0, len(divisors) - 1)] if self.chance(0.3) else 1
        filters = groups * self.whole(1, 9)
        shape = (filters, *kernel, channels // groups)
        weights, bias, output = self.weighted(shape, 0, math.prod(shape[1:]), (batch, *size, filters))
        inputs = [self.last, weights] if bias == -1 and self.chance(0.5) else [self.last, weights, bias]
        self.builder.operator(
            "CONV_2D",
            inputs,
            [output],
            Padding=padding,
            **strides,
            FusedActivationFunction=self.activation(),
            DilationHFactor=dilation[0],
            DilationWFactor=dilation[1],
        )
        self.last = output
        return True

    def depthwise_conv_2d(self) -> bool:
        if len(self.shape(self.last)) != 4:
            return False
        batch, _, _, channels = self.shape(self.last)
        kernel = (self.whole(1, 4), self.whole(1, 4))
        dilation = (self.whole(1, 3), self.whole(1, 3)) if self.chance(0.3) else (1, 1)
        window = self._window(kernel, dilation)
        if window is None:
            return False
        padding, strides, size = window
        multiplier = self.whole(1, 3)
        shape = (1, *kernel, channels * multiplier)
        weights, bias, output = self.weighted(shape, 3, math.prod(kernel), (batch, *size, shape[3]))
        self.builder.operator(
            "DEPTHWISE_CONV_2D",
            [self.last, weights, *([bias] if bias != -1 else [])],
            [output],
            Padding=padding,
            **strides,
            DepthMultiplier=multiplier,
            FusedActivationFunction=self.activation(),
            DilationHFactor=dilation[0],
            DilationWFactor=dilation[1],
        )
        self.last = output
        return True

    def fully_connected(self) -> bool:
        shape = self.shape(self.last)
        if not shape:
            return False
        rows = shape[0] if self.chance(0.7) else 1
        inputs, outputs = math.prod(shape) // rows, self.whole(1, 21)
        weights, bias, output = self.weighted((outputs, inputs), 0, inputs, (rows, outputs))
        self.builder.operator(
            "FULLY_CONNECTED", [self.last, weights, bias], [output], FusedActivationFunction=self.activation()
        )
        self.last = output
        return True

    def _pool(self, name: str) -> bool:
        if len(self.shape(self.last)) != 4:
            return False
        kernel = (self.whole(1, 4), self.whole(1, 4))
        window = self._window(kernel, (1, 1))
        if window is None:
            return False
        padding, strides, size = window
        batch, _, _, channels = self.shape(self.last)
        output = self.like((batch, *size, channels), self.last)
        self.builder.operator(
            name,
            [self.last],
            [output],
            Padding=padding,
            **strides,
            FilterHeight=kernel[0],
            FilterWidth=kernel[1],
            FusedActivationFunction=self.activation(),
        )
        self.last = output
        return True

    def average_pool_2d(self) -> bool:
        return self._pool("AVERAGE_POOL_2D")

    def max_pool_2d(self) -> bool:
        return self._pool("MAX_POOL_2D")

    def mean(self) -> bool:
        shape = self.shape(self.last)
        if not shape:
            return False
        axes = [axis for axis in range(len(shape)) if self.chance(0.5)] or [len(shape) - 1]
        keep = self.chance(0.5)
        reduced = tuple(1 if axis in axes else n for axis, n in enumerate(shape) if keep or axis not in axes)
        listed = [axis - len(shape) if self.chance(0.2) else axis for axis in axes]
        output = self.activation_tensor(
            reduced, float(np.float32(self.scale_of(self.last) * 2.0 ** self.rng.uniform(-3, 1)))
        )
        self.builder.operator("MEAN", [self.last, self.constant(listed)], [output], KeepDims=keep)
        self.last = output
        return True

    def add(self) -> bool:
        shape = self.shape(self.last)
        made = [*self.inputs, *(t for op in self.builder.operators for t in op.outputs)]
        same = [t for t in made if self.shape(t) == shape and self.builder.tensors[t].dtype == "INT8"]
        if self.chance(0.4) or not same:
            other_shape = tuple(n if self.chance(0.6) else 1 for n in shape)[
                self.whole(0, max(len(shape) - 1, 0)) :
            ]
            data = self.rng.integers(-128, 128, other_shape)
            other = self.builder.tensor(other_shape, "INT8", self.scale(), self.zero_point(), data=data)
        else:
            other = same[self.whole(0, len(same) - 1)]
        scale = max(self.scale_of(self.last), self.scale_of(other)) * 2.0 ** self.rng.uniform(-2, 2)
        output = self.activation_tensor(shape, float(np.float32(scale)))
        pair = [self.last, other] if self.chance(0.5) else [other, self.last]
        self.builder.operator("ADD", pair, [output], FusedActivationFunction=self.activation())
        self.last = output
        return True

    def second_input(self) -> bool:
        other = self.activation_tensor(self.shape(self.last))
        self.inputs.append(other)
        scale = max(self.scale_of(self.last), self.scale_of(other)) * 2.0 ** self.rng.uniform(-2, 2)
        output = self.activation_tensor(self.shape(self.last), float(np.float32(scale)))
        self.builder.operator("ADD", [self.last, other], [output])
        self.last = output
        return True

    def reshape(self) -> bool:
        elements = math.prod(self.shape(self.last))
        divisors = [d for d in range(1, elements + 1) if elements % d == 0]
        first = divisors[self.whole(0, len(divisors) - 1)]
        shape = (first, elements // first) if self.chance(0.5) else (1, first, 1, elements // first)
        output = self.like(shape, self.last)
        self.builder.operator("RESHAPE", [self.last, self.constant(list(shape))], [output])
        self.last = output
        return True

    def squeeze(self) -> bool:
        shape = self.shape(self.last)
        if 1 not in shape or len(shape) < 2:
            return False
        output = self.like(tuple(n for n in shape if n != 1), self.last)
        self.builder.operator("SQUEEZE", [self.last], [output])
        self.last = output
        return True

    def expand_dims(self) -> bool:
        shape = self.shape(self.last)
        if len(shape) > 3:
            return False
        axis = self.whole(0, len(shape))
        output = self.like((*shape[:axis], 1, *shape[axis:]), self.last)
        self.builder.operator("EXPAND_DIMS", [self.last, self.constant([axis], (1,))], [output])
        self.last = output
        return True

    def pad(self) -> bool:
        shape = self.shape(self.last)
        pairs = [(self.whole(0, 2), self.whole(0, 2)) if self.chance(0.6) else (0, 0) for _ in shape]
        padded = tuple(n + a + b for n, (a, b) in zip(shape, pairs, strict=True))
        if not shape or len(shape) > 4 or math.prod(padded) > _MAX_ELEMENTS:
            return False
        output = self.like(padded, self.last)
        paddings = self.constant([n for pair in pairs for n in pair], (len(shape), 2))
        self.builder.operator("PAD", [self.last, paddings], [output])
        self.last = output
        return True

    def softmax(self) -> bool:
        shape = self.shape(self.last)
        if not shape or shape[-1] > 511:
            return False
        output = self.activation_tensor(shape, 1.0 / 256.0, -128)
        self.builder.operator("SOFTMAX", [self.last], [output], Beta=(1.0, 0.5, 3.0)[self.whole(0, 2)])
        self.last = output
        return True

    def logistic(self) -> bool:
        output = self.activation_tensor(self.shape(self.last), 1.0 / 256.0, -128)
        self.builder.operator("LOGISTIC", [self.last], [output])
        self.last = output
        return True

    def relu(self) -> bool:
        output = self.activation_tensor(self.shape(self.last))
        self.builder.operator("RELU", [self.last], [output])
        self.last = output
        return True

    def relu6(self) -> bool:
        output = self.like(self.shape(self.last), self.last)
        self.builder.operator("RELU6", [self.last], [output])
        self.last = output
        return True

    def quantize(self) -> bool:
        output = self.activation_tensor(self.shape(self.last))
        self.builder.operator("QUANTIZE", [self.last], [output])
        self.last = output
        return True


STEPS: dict[str, tuple[int, Callable[[RandomNetwork], bool]]] = {
    "CONV_2D": (6, RandomNetwork.conv_2d),
    "DEPTHWISE_CONV_2D": (5, RandomNetwork.depthwise_conv_2d),
    "FULLY_CONNECTED": (3, RandomNetwork.fully_connected),
    "AVERAGE_POOL_2D": (2, RandomNetwork.average_pool_2d),
    "MAX_POOL_2D": (2, RandomNetwork.max_pool_2d),
    "MEAN": (1, RandomNetwork.mean),
    "ADD": (3, RandomNetwork.add),
    "ADD of a second input": (1, RandomNetwork.second_input),
    "RESHAPE": (1, RandomNetwork.reshape),
    "SQUEEZE": (1, RandomNetwork.squeeze),
    "EXPAND_DIMS": (1, RandomNetwork.expand_dims),
    "PAD": (2, RandomNetwork.pad),
    "SOFTMAX": (1, RandomNetwork.softmax),
    "LOGISTIC": (1, RandomNetwork.logistic),
    "RELU": (1, RandomNetwork.relu),
    "RELU6": (1, RandomNetwork.relu6),
    "QUANTIZE": (1, RandomNetwork.quantize),
    "ABS": (1, grow_unary("ABS")),
    "ELU": (1, grow_unary("ELU")),
    "HARD_SWISH": (1, grow_unary("HARD_SWISH")),
    "LEAKY_RELU": (1, grow_unary("LEAKY_RELU", Alpha=0.125)),
    "TANH": (1, grow_unary("TANH")),
    "ARG_MAX": (1, grow_arg_max),
    "L2_NORMALIZATION": (1, grow_l2_normalization),
    "REDUCE_MAX": (1, grow_reduction("REDUCE_MAX", rescaled=False)),
    "SUM": (1, grow_reduction("SUM", rescaled=True)),
    "MAXIMUM": (1, grow_binary("MAXIMUM", fused=False, reach=max)),
    "MINIMUM": (1, grow_binary("MINIMUM", fused=False, reach=max)),
    "MUL": (2, grow_binary("MUL", fused=True, reach=lambda a, b: 64 * a * b)),
    "PRELU": (1, grow_binary("PRELU", fused=False, reach=lambda a, b: 64 * a * b)),
    "SUB": (1, grow_binary("SUB", fused=True, reach=max)),
    "TRANSPOSE_CONV": (2, grow_transpose_conv),
    "CONCATENATION": (2, grow_concatenation),
    "DEPTH_TO_SPACE": (1, grow_depth_to_space),
    "GATHER": (1, grow_gather),
    "PACK": (1, grow_pack),
    "PADV2": (1, grow_padv2),
    "RESIZE_BILINEAR": (1, grow_resize_bilinear),
    "RESIZE_NEAREST_NEIGHBOR": (1, grow_resize_nearest_neighbor),
    "SLICE": (1, grow_slice),
    "SPACE_TO_DEPTH": (1, grow_space_to_depth),
    "SPLIT": (1, grow_split),
    "SPLIT_V": (1, grow_split_v),
    "STRIDED_SLICE": (1, grow_strided_slice),
    "TRANSPOSE": (1, grow_transpose),
    "UNPACK": (1, grow_unpack),
    "BATCH_MATMUL": (2, grow_batch_matmul),
    "CALL_ONCE": (1, grow_delay(initialised=True)),
    "VAR_HANDLE": (1, grow_delay(initialised=False)),
    "READ_VARIABLE": (1, grow_delay()),
    "ASSIGN_VARIABLE": (1, grow_delay()),
    "SVDF": (2, grow_svdf),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": (2, grow_lstm),
}


# Of operators that are defined on other tensors than images.
_RANKS = {"SVDF": 2, "UNIDIRECTIONAL_SEQUENCE_LSTM": 3}


def random_network(seed: int, layers: int) -> bytes:
    """A network of up to `layers` operators, the same for the same arguments."""
    network = RandomNetwork(seed)
    network.start()
    names = [name for name, (weight, _) in STEPS.items() for _ in range(weight)]
    for _ in range(layers):
        STEPS[names[network.whole(0, len(names) - 1)]][1](network)
    return network.finish()


def single_operator_network(name: str, seed: int) -> bytes:
    """A network of one operator `name`; the first seed from `seed` on for which it can be applied."""
    while True:
        network = RandomNetwork(seed)
        shape: tuple[int, ...] = (1, network.whole(1, 6), network.whole(1, 6), network.whole(1, 5))
        if name in ("SQUEEZE",):
            shape = (1, *shape[1:])
        if name == "EXPAND_DIMS":
            shape = shape[1:]
        if name in _RANKS:
            shape = shape[: _RANKS[name]]
        network.last = network.activation_tensor(shape)
        network.inputs.append(network.last)
        if STEPS[name][1](network):
            return network.builder.build(network.inputs, network.outputs or [network.last])
        seed += 1

"""Which values each channel of each tensor can take at all, whatever the input: exact bounds, going forward.

A channel is a position along a tensor's last axis.  Bounds hold at every position of the image; where
nothing is known they are those of int8.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from toolchain.compile.accumulators import bias_of
from toolchain.compile.layer_view import LayerView, quantisation, values
from toolchain.compile.passes.questions import is_supported, lookup_table, lowered
from toolchain.compile.requantise import INT32_MAX, activation_range, multiply
from toolchain.compile.weights import convolution_multipliers
from toolchain.compile.windows import Window, convolution_windows
from toolchain.vocabulary.graph import Graph, Tensor

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Ranges:
    """The least and the largest value of every channel, both of shape (channels,)."""

    low: Integers
    high: Integers

    def constant(self) -> npt.NDArray[np.bool_]:
        """Which channels have one value only."""
        return np.equal(self.low, self.high)


def any_value(channels: int) -> Ranges:
    """Channels of which nothing is known."""
    return Ranges(np.full(channels, -128), np.full(channels, 127))


def channel_ranges(graph: Graph) -> Mapping[int, Ranges]:
    """The ranges of every int8 tensor that has an axis, by index."""
    found: dict[int, Ranges] = {
        tensor.index: any_value(tensor.shape[-1])
        for tensor in graph.tensors
        if tensor.dtype == "INT8" and tensor.shape
    }
    for operator in graph.operators:
        outputs = [graph.tensors[i] for i in operator.outputs]
        if len(outputs) != 1 or not _is_computed_int8(outputs[0]) or not is_supported(graph, operator):
            continue
        layer = LayerView(graph, operator)
        if _is_computed_int8(layer.input()):
            found[outputs[0].index] = _ranges(layer, found) or found[outputs[0].index]
    return found


def _is_computed_int8(tensor: Tensor) -> bool:
    return (
        tensor.dtype == "INT8"
        and bool(tensor.shape)
        and tensor.quantisation is not None
        and not tensor.is_constant
        and not tensor.is_variable
    )


def _ranges(layer: LayerView, found: Mapping[int, Ranges]) -> Ranges | None:
    given = found[layer.input().index]
    rule = _RULES.get(layer.operator.name)
    if rule is not None:
        return rule(layer, given)
    lowering = lowered(layer.graph, layer.operator)
    table = None if lowering is None else lookup_table(*lowering)
    if table is None or layer.input().shape != layer.output().shape:
        return None
    pairs = zip(given.low, given.high, strict=True)
    seen = [table[low + 128 : high + 129].astype(np.int64) for low, high in pairs]
    return Ranges(np.array([part.min() for part in seen]), np.array([part.max() for part in seen]))


def _of_convolution(layer: LayerView, given: Ranges) -> Ranges | None:
    weights = values(layer.input(1))
    if weights.shape[3] != layer.input().shape[3]:
        return None
    rows = weights.reshape(weights.shape[0], -1, weights.shape[3])
    return _of_products(layer, rows, _offsets(layer, given))


def _of_depthwise(layer: LayerView, given: Ranges) -> Ranges | None:
    weights = values(layer.input(1))
    rows = weights.reshape(-1, weights.shape[3]).T[:, :, None]
    offsets = _offsets(layer, given)
    multiplier = layer.integer("depth_multiplier")
    low, high = (np.repeat(bound, multiplier)[:, None, None] for bound in (offsets.low, offsets.high))
    return _of_products(layer, rows, Ranges(low, high))


def _of_fully_connected(layer: LayerView, given: Ranges) -> Ranges | None:
    rows = values(layer.input(1))
    if layer.input().shape[-1] != rows.shape[1]:
        return None
    zero_point = quantisation(layer.input()).zero_point
    return _of_products(layer, rows[:, None, :], Ranges(given.low - zero_point, given.high - zero_point))


def _offsets(layer: LayerView, given: Ranges) -> Ranges:
    """Inputs less their zero point; what is read outside of the image is 0."""
    zero_point = quantisation(layer.input()).zero_point
    low, high = given.low - zero_point, given.high - zero_point
    return Ranges(np.minimum(low, 0), np.maximum(high, 0)) if reads_outside(layer) else Ranges(low, high)


def reads_outside(layer: LayerView) -> bool:
    """Whether a window of a CONV_2D or DEPTHWISE_CONV_2D reaches over an edge of the image."""
    return any(
        _over_edge(window, size)
        for window, size in zip(convolution_windows(layer), layer.input().shape[1:3], strict=True)
    )


def _over_edge(window: Window, size: int) -> bool:
    last = (window.output - 1) * window.stride - window.before + window.reach
    return window.before > 0 or last > size


def _of_products(layer: LayerView, rows: Integers, offsets: Ranges) -> Ranges | None:
    """Of sums of products; `rows` has shape (outputs, taps, inputs), `offsets` fits it."""
    bias = bias_of(layer, rows.shape[0])
    first, second = rows * offsets.low, rows * offsets.high
    return _requantised(
        layer,
        bias + np.minimum(first, second).sum(axis=(1, 2)),
        bias + np.maximum(first, second).sum(axis=(1, 2)),
    )


def _requantised(layer: LayerView, low: Integers, high: Integers) -> Ranges | None:
    """Outputs grow with their sums, so that the ends are enough; None where a shift could wrap."""
    target = quantisation(layer.output())
    least, most = activation_range(layer.text("fused_activation_function"), target)
    multipliers = convolution_multipliers(layer)
    if len(multipliers) == 1:
        multipliers = multipliers * len(low)
    ends = []
    for sums in (low, high):
        if any(abs(int(s)) << max(m.shift, 0) > INT32_MAX for s, m in zip(sums, multipliers, strict=True)):
            return None
        scaled = [multiply(int(s), m) for s, m in zip(sums, multipliers, strict=True)]
        ends.append(np.clip(np.array(scaled, np.int64) + target.zero_point, least, most))
    return Ranges(*ends)


def _of_pool(layer: LayerView, given: Ranges) -> Ranges:
    """Neither a largest value nor a rounded mean leaves the range of what it is of."""
    least, most = activation_range(layer.text("fused_activation_function"), quantisation(layer.output()))
    return Ranges(np.clip(given.low, least, most), np.clip(given.high, least, most))


def _of_renaming(layer: LayerView, given: Ranges) -> Ranges | None:
    """Of the same bytes under another shape."""
    before, after = layer.input().shape[-1], layer.output().shape[-1]
    if before and after % before == 0:
        return Ranges(np.tile(given.low, after // before), np.tile(given.high, after // before))
    return None


_RULES: Mapping[str, Callable[[LayerView, Ranges], Ranges | None]] = {
    "AVERAGE_POOL_2D": _of_pool,
    "CONV_2D": _of_convolution,
    "DEPTHWISE_CONV_2D": _of_depthwise,
    "EXPAND_DIMS": _of_renaming,
    "FULLY_CONNECTED": _of_fully_connected,
    "MAX_POOL_2D": _of_pool,
    "RESHAPE": _of_renaming,
    "SQUEEZE": _of_renaming,
}

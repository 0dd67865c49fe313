"""MEAN over any axes that join to at most two runs."""

from __future__ import annotations

import math

from toolchain.compile.layer_view import LayerView, quantisation, values
from toolchain.compile.lowering import (
    ConstantPool,
    Lowering,
    OperatorSupport,
    Parameters,
    PendingCall,
    TensorPlace,
)
from toolchain.compile.requantise import MAX_LEFT_SHIFT, Multiplier, quantise_multiplier
from toolchain.compile.rules import input_is_no_constant, inputs_and_outputs, int8_activations

# Sums of int8 differences (at most 255 each) of this many values stay within 32 bits.
_MAX_AVERAGED = 2**23


def constant_axes(layer: LayerView) -> str | None:
    """The axes are an int32 constant and lie within the input's."""
    axes = layer.input(1)
    if not axes.is_constant or axes.dtype != "INT32":
        return "its axes are no int32 constant"
    rank = len(layer.input().shape)
    outside = [int(axis) for axis in values(axes).reshape(-1) if not -rank <= axis < rank]
    return f"axis {outside[0]} lies outside {layer.input().shape}" if outside else None


def at_most_two_runs(layer: LayerView) -> str | None:
    """Neighbouring averaged axes count as one: at most two such runs, and two of kept axes, are supported."""
    kept, averaged = _runs(layer)
    if len(kept) > 2 or len(averaged) > 2:
        return f"axes {sorted(_axes(layer))} of {layer.input().shape} do not join to two runs"
    return None


def output_shape(layer: LayerView) -> str | None:
    """The output has one value for each kept index."""
    shape, axes = layer.input().shape, _axes(layer)
    kept = [extent for axis, extent in enumerate(shape) if axis not in axes]
    if [extent for extent in layer.output().shape if extent != 1] != [
        extent for extent in kept if extent != 1
    ]:
        return f"its output has the shape {layer.output().shape}, where {tuple(kept)} follows"
    return None


def multiplier_range(layer: LayerView) -> str | None:
    """The scales differ by less than 2**30, and fewer than 2**23 values are averaged."""
    if _averaged_count(layer) >= _MAX_AVERAGED:
        return f"it averages {_averaged_count(layer)} values"
    return "its scales differ by 2**30 or more" if _multiplier(layer).shift > MAX_LEFT_SHIFT else None


def _axes(layer: LayerView) -> set[int]:
    rank = len(layer.input().shape)
    return {int(axis) % rank for axis in values(layer.input(1)).reshape(-1)}


def _runs(layer: LayerView) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Kept and averaged runs of neighbouring axes, each (extent, stride in values); extents of 1 vanish."""
    shape, axes = layer.input().shape, _axes(layer)
    runs: list[tuple[bool, int, int]] = []
    for axis, extent in enumerate(shape):
        if extent == 1:
            continue
        stride, averaged = math.prod(shape[axis + 1 :]), axis in axes
        if runs and runs[-1][0] == averaged:
            runs[-1] = (averaged, runs[-1][1] * extent, stride)
        else:
            runs.append((averaged, extent, stride))
    return [r[1:] for r in runs if not r[0]], [r[1:] for r in runs if r[0]]


def _averaged_count(layer: LayerView) -> int:
    return math.prod(layer.input().shape[axis] for axis in _axes(layer))


def _multiplier(layer: LayerView) -> Multiplier:
    """Input scale / output scale / count (`QuantizedMeanOrSum`: the count joins the significand)."""
    real = quantisation(layer.input()).scale / quantisation(layer.output()).scale
    base, count = quantise_multiplier(real), _averaged_count(layer)
    shift = min(count.bit_length() - 1, 32, 31 + base.shift)
    return Multiplier((base.value << shift) // count, base.shift - shift)


def lower(layer: LayerView, _: ConstantPool) -> Lowering:
    """One kernel call over the joined axes."""
    kept, averaged = ([(1, 0)] * (2 - len(runs)) + runs for runs in _runs(layer))
    multiplier = _multiplier(layer)
    parameters: Parameters = {
        "kept_extent": tuple(extent for extent, _ in kept),
        "kept_stride": tuple(stride for _, stride in kept),
        "averaged_extent": tuple(extent for extent, _ in averaged),
        "averaged_stride": tuple(stride for _, stride in averaged),
        "offset": quantisation(layer.input()).zero_point * _averaged_count(layer),
        "multiplier": multiplier.value,
        "shift": multiplier.shift,
        "output_zero_point": quantisation(layer.output()).zero_point,
    }
    places = TensorPlace(layer.input().index), TensorPlace(layer.output().index)
    return Lowering((PendingCall("mean_s8", parameters, places),))


MEAN = OperatorSupport(
    "MEAN",
    (
        inputs_and_outputs(2),
        int8_activations(),
        input_is_no_constant,
        constant_axes,
        at_most_two_runs,
        output_shape,
        multiplier_range,
    ),
    lower,
)

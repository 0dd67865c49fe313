"""Reductions over any axes: the rules, and the loops that are left when neighbouring axes are joined."""

from __future__ import annotations

import math

from toolchain.compile.layer_view import LayerView, quantisation, values
from toolchain.compile.lowering import Lowering, PendingCall, TensorPlace
from toolchain.compile.requantise import MAX_LEFT_SHIFT, Multiplier, quantise_multiplier
from toolchain.vocabulary.program import ParameterValue

# Kept and reduced axes alternate at worst, and a tensor has at most eight.
_LOOPS = 4
# Sums of int8 differences (at most 255 each) of this many values stay within 32 bits.
_MAX_SUMMED = 2**23


def constant_axes(layer: LayerView) -> str | None:
    """The axes are an int32 constant and lie within the input's."""
    axes = layer.input(1)
    if not axes.is_constant or axes.dtype != "INT32":
        return "its axes are no int32 constant"
    rank = len(layer.input().shape)
    outside = [int(axis) for axis in values(axes).reshape(-1) if not -rank <= axis < rank]
    return f"axis {outside[0]} lies outside {layer.input().shape}" if outside else None


def reduced_shape(layer: LayerView) -> str | None:
    """The output has one value for each kept index."""
    shape, axes = layer.input().shape, reduced_axes(layer)
    kept = [extent for axis, extent in enumerate(shape) if axis not in axes]
    if [extent for extent in layer.output().shape if extent != 1] != [
        extent for extent in kept if extent != 1
    ]:
        return f"its output has the shape {layer.output().shape}, where {tuple(kept)} follows"
    return None


def sum_range(layer: LayerView) -> str | None:
    """The scales differ by less than 2**30, and fewer than 2**23 values go into a sum."""
    if reduced_count(layer) >= _MAX_SUMMED:
        return f"it sums {reduced_count(layer)} values"
    return "its scales differ by 2**30 or more" if sum_multiplier(layer).shift > MAX_LEFT_SHIFT else None


def reduced_axes(layer: LayerView) -> frozenset[int]:
    """The axes, counted from the first."""
    rank = len(layer.input().shape)
    return frozenset(int(axis) % rank for axis in values(layer.input(1)).reshape(-1))


def reduced_count(layer: LayerView) -> int:
    """How many inputs go into one output."""
    return math.prod(layer.input().shape[axis] for axis in reduced_axes(layer))


def sum_multiplier(layer: LayerView) -> Multiplier:
    """Input scale / output scale, in float64 (`PrepareMeanOrSumHelper`)."""
    return quantise_multiplier(quantisation(layer.input()).scale / quantisation(layer.output()).scale)


def _runs(layer: LayerView) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Kept and reduced runs of neighbouring axes, each (extent, stride in values); extents of 1 vanish."""
    shape, axes = layer.input().shape, reduced_axes(layer)
    runs: list[tuple[bool, int, int]] = []
    for axis, extent in enumerate(shape):
        if extent == 1:
            continue
        stride, reduced = math.prod(shape[axis + 1 :]), axis in axes
        if runs and runs[-1][0] == reduced:
            runs[-1] = (reduced, runs[-1][1] * extent, stride)
        else:
            runs.append((reduced, extent, stride))
    return [run[1:] for run in runs if not run[0]], [run[1:] for run in runs if run[0]]


def loop_parameters(layer: LayerView) -> dict[str, ParameterValue]:
    """Extents and strides of exactly four loops over the kept and four over the reduced values."""
    kept, reduced = ([(1, 0)] * (_LOOPS - len(runs)) + runs for runs in _runs(layer))
    return {
        "kept_extent": tuple(extent for extent, _ in kept),
        "kept_stride": tuple(stride for _, stride in kept),
        "reduced_extent": tuple(extent for extent, _ in reduced),
        "reduced_stride": tuple(stride for _, stride in reduced),
    }


def lower_sum(layer: LayerView, multiplier: Multiplier) -> Lowering:
    """One kernel call: sums of differences to the zero point, rescaled."""
    parameters: dict[str, ParameterValue] = {
        **loop_parameters(layer),
        "offset": quantisation(layer.input()).zero_point * reduced_count(layer),
        "multiplier": multiplier.value,
        "shift": multiplier.shift,
        "output_zero_point": quantisation(layer.output()).zero_point,
    }
    places = TensorPlace(layer.input().index), TensorPlace(layer.output().index)
    return Lowering((PendingCall("sum_s8", parameters, places),))

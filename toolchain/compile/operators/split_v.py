"""SPLIT_V: one input cut into outputs of any size along an axis, without a copy where layout allows."""

from __future__ import annotations

from toolchain.compile.layer_view import LayerView, values
from toolchain.compile.lowering import ConstantPool, Lowering, OperatorSupport
from toolchain.compile.rules import input_is_no_constant, int8_activations
from toolchain.compile.runs_of_axis import constant_axis, cut_along, lower_cut, outputs


def inputs_and_outputs(layer: LayerView) -> str | None:
    """It has an input, sizes and an axis, and as many outputs as `num_splits` says, at least one."""
    if layer.input_count != 3:
        return f"it has {layer.input_count} inputs"
    count = len(layer.operator.outputs)
    return None if count == layer.integer("num_splits") > 0 else f"it has {count} outputs"


def axis_in_range(layer: LayerView) -> str | None:
    """The axis is an int32 constant and lies within the input's."""
    rank = len(layer.input().shape)
    return None if constant_axis(layer.input(2), rank) is not None else "its axis is no constant in range"


def shapes(layer: LayerView) -> str | None:
    """The outputs' shapes add up to the input's along the axis, and else are the same."""
    axis = constant_axis(layer.input(2), len(layer.input().shape))
    if axis is None:
        return "its axis is no constant in range"
    return cut_along(layer.input(), outputs(layer), axis)


def constant_sizes(layer: LayerView) -> str | None:
    """The sizes are an int32 constant with each output's extent (one of them may be -1: what is left)."""
    tensor, rank = layer.input(1), len(layer.input().shape)
    axis = constant_axis(layer.input(2), rank)
    if not tensor.is_constant or tensor.dtype != "INT32" or axis is None:
        return "its sizes are no int32 constant"
    sizes = [int(size) for size in values(tensor).reshape(-1)]
    extents = [output.shape[axis] for output in outputs(layer)]
    if len(sizes) != len(extents) or sizes.count(-1) > 1:
        return f"its sizes are {sizes} for {len(extents)} outputs"
    agree = all(size in (-1, extent) for size, extent in zip(sizes, extents, strict=True))
    return None if agree else f"its sizes are {sizes}, its outputs' extents {extents}"


def lower(layer: LayerView, _: ConstantPool) -> Lowering:
    """A copy for each output, left out for those that lie in the input's memory."""
    axis = int(values(layer.input(2)).reshape(-1)[0]) % len(layer.input().shape)
    return lower_cut(layer.input(), outputs(layer), axis)


SPLIT_V = OperatorSupport(
    "SPLIT_V",
    (inputs_and_outputs, int8_activations(), input_is_no_constant, axis_in_range, shapes, constant_sizes),
    lower,
)

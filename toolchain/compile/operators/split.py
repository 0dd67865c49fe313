"""SPLIT: one input cut into equal outputs along an axis, without a copy where layout allows."""

from __future__ import annotations

from toolchain.compile.layer_view import LayerView, values
from toolchain.compile.lowering import ConstantPool, Lowering, OperatorSupport
from toolchain.compile.rules import int8_activations
from toolchain.compile.runs_of_axis import constant_axis, cut_along, lower_cut, outputs


def inputs_and_outputs(layer: LayerView) -> str | None:
    """It has an axis and an input, and as many outputs as `num_splits` says, at least one."""
    if layer.input_count != 2:
        return f"it has {layer.input_count} inputs"
    count = len(layer.operator.outputs)
    return None if count == layer.integer("num_splits") > 0 else f"it has {count} outputs"


def input_is_no_constant(layer: LayerView) -> str | None:
    """The input is computed at run time; constants are expected to have been folded by the converter."""
    return f"its input {layer.input(1).name!r} is a constant" if layer.input(1).is_constant else None


def axis_in_range(layer: LayerView) -> str | None:
    """The axis is an int32 constant and lies within the input's."""
    rank = len(layer.input(1).shape)
    return None if constant_axis(layer.input(0), rank) is not None else "its axis is no constant in range"


def shapes(layer: LayerView) -> str | None:
    """The outputs have one shape, the input's divided by their number along the axis."""
    source, found = layer.input(1), outputs(layer)
    if any(output.shape != found[0].shape for output in found):
        return "its outputs differ in shape"
    axis = constant_axis(layer.input(0), len(source.shape))
    return "its axis is no constant in range" if axis is None else cut_along(source, found, axis)


def lower(layer: LayerView, _: ConstantPool) -> Lowering:
    """A copy for each output, left out for those that lie in the input's memory."""
    axis = int(values(layer.input(0)).reshape(-1)[0]) % len(layer.input(1).shape)
    return lower_cut(layer.input(1), outputs(layer), axis)


SPLIT = OperatorSupport(
    "SPLIT",
    (inputs_and_outputs, int8_activations(1), input_is_no_constant, axis_in_range, shapes),
    lower,
)

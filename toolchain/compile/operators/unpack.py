"""UNPACK: one input cut into the slices along an axis, without a copy where layout allows."""

from __future__ import annotations

from toolchain.compile.layer_view import LayerView
from toolchain.compile.lowering import ConstantPool, Lowering, OperatorSupport
from toolchain.compile.rules import input_is_no_constant, int8_activations
from toolchain.compile.runs_of_axis import lower_cut, outputs, positive_axis, stacked_along


def inputs_and_outputs(layer: LayerView) -> str | None:
    """It has one input, and as many outputs as `num` says, at least one."""
    if layer.input_count != 1:
        return f"it has {layer.input_count} inputs"
    count = len(layer.operator.outputs)
    return None if count == layer.integer("num") > 0 else f"it has {count} outputs"


def shapes(layer: LayerView) -> str | None:
    """The outputs have the input's shape without the axis, and are as many as it is long."""
    source = layer.input()
    axis = positive_axis(layer.integer("axis"), len(source.shape))
    if axis is None:
        return f"axis {layer.integer('axis')} of {source.shape}"
    return stacked_along(source, outputs(layer), axis)


def lower(layer: LayerView, _: ConstantPool) -> Lowering:
    """A copy for each output, left out for those that lie in the input's memory."""
    axis = layer.integer("axis") % len(layer.input().shape)
    return lower_cut(layer.input(), outputs(layer), axis)


UNPACK = OperatorSupport(
    "UNPACK", (inputs_and_outputs, int8_activations(), input_is_no_constant, shapes), lower
)

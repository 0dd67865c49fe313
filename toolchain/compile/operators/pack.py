"""PACK: inputs stacked along a new axis, without a copy where layout allows."""

from __future__ import annotations

from toolchain.compile.layer_view import LayerView
from toolchain.compile.lowering import ConstantPool, Lowering, OperatorSupport
from toolchain.compile.rules import int8_activations
from toolchain.compile.runs_of_axis import inputs, lower_put_together, positive_axis, stacked_along


def inputs_and_outputs(layer: LayerView) -> str | None:
    """It has as many inputs as `values_count` says, at least one, and one output."""
    if not layer.input_count == layer.integer("values_count") > 0:
        return f"it has {layer.input_count} inputs"
    return None if len(layer.operator.outputs) == 1 else f"it has {len(layer.operator.outputs)} outputs"


def int8_inputs(layer: LayerView) -> str | None:
    """All inputs and the output are int8 with one scale and one int8 zero point each, and not empty."""
    return int8_activations(*range(layer.input_count))(layer)


def shapes(layer: LayerView) -> str | None:
    """The inputs have one shape; the output's has one more axis, as long as there are inputs."""
    output = layer.output()
    axis = positive_axis(layer.integer("axis"), len(output.shape))
    if axis is None:
        return f"axis {layer.integer('axis')} of {output.shape}"
    return stacked_along(output, inputs(layer), axis)


def lower(layer: LayerView, _: ConstantPool) -> Lowering:
    """A copy of each input, left out for those that are computed in their place of the output."""
    axis = layer.integer("axis") % len(layer.output().shape)
    return lower_put_together(layer.output(), inputs(layer), axis)


PACK = OperatorSupport("PACK", (inputs_and_outputs, int8_inputs, shapes), lower)

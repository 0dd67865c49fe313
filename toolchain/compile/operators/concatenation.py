"""CONCATENATION: inputs one after the other along an axis, without a copy where layout allows."""

from __future__ import annotations

from toolchain.compile.activation_types import only_int8
from toolchain.compile.layer_view import LayerView, quantisation
from toolchain.compile.lowering import ConstantPool, Lowering, OperatorSupport
from toolchain.compile.rules import activations, inputs_and_outputs
from toolchain.compile.runs_of_axis import cut_along, inputs, lower_put_together, positive_axis

# Limits of the reference (`kMaxInputNum` in concatenation.cc, `kMaxSmallSize` in runtime_shape.h).
_MAX_INPUTS = 10
_MAX_RANK = 6


def all_activations(layer: LayerView) -> str | None:
    """Inputs and output are all int8, or all int16 with zero point 0; one scale each, and not empty."""
    return activations(*range(layer.input_count))(layer)


def no_activation(layer: LayerView) -> str | None:
    """Nothing is fused into it."""
    activation = layer.text("fused_activation_function")
    return None if activation == "NONE" else f"the fused activation {activation}"


def one_quantisation(layer: LayerView) -> str | None:
    """With int8, inputs and output have exactly one scale and one zero point."""
    target = quantisation(layer.output())
    for tensor in inputs(layer):
        found = quantisation(tensor)
        if (found.scale, found.zero_point) != (target.scale, target.zero_point):
            return f"{tensor.name!r} and the output differ in scale or zero point"
    return None


def shapes(layer: LayerView) -> str | None:
    """At most six axes; the inputs' shapes add up to the output's along the axis, and else are the same."""
    output = layer.output()
    axis = positive_axis(layer.integer("axis"), len(output.shape))
    if axis is None or len(output.shape) > _MAX_RANK:
        return f"axis {layer.integer('axis')} of {output.shape}"
    return cut_along(output, inputs(layer), axis)


def lower(layer: LayerView, _: ConstantPool) -> Lowering:
    """A copy of each input, left out for those that are computed in their place of the output."""
    axis = layer.integer("axis") % len(layer.output().shape)
    return lower_put_together(layer.output(), inputs(layer), axis)


CONCATENATION = OperatorSupport(
    "CONCATENATION",
    (inputs_and_outputs(1, _MAX_INPUTS), all_activations, no_activation, only_int8(one_quantisation), shapes),
    lower,
)

"""PADV2: a given value around the input."""

from __future__ import annotations

from toolchain.compile.layer_view import LayerView, quantisation, values
from toolchain.compile.lowering import ConstantPool, Lowering, OperatorSupport
from toolchain.compile.paddings import constant_paddings, lower_padding, padded_shape
from toolchain.compile.rules import input_is_no_constant, inputs_and_outputs, int8_activations


def constant_value(layer: LayerView) -> str | None:
    """The value is one int8 constant with exactly the output's scale and zero point."""
    value, target = layer.input(2), quantisation(layer.output())
    if not value.is_constant or value.elements != 1:
        return "its value is no single constant"
    found = quantisation(value)
    if (found.scale, found.zero_point) != (target.scale, target.zero_point):
        return "its value and its output differ in scale or zero point"
    return None


def lower(layer: LayerView, _: ConstantPool) -> Lowering:
    """Pad with the value."""
    return lower_padding(layer, int(values(layer.input(2)).reshape(-1)[0]))


PADV2 = OperatorSupport(
    "PADV2",
    (
        inputs_and_outputs(3),
        int8_activations(0, 2),
        input_is_no_constant,
        constant_paddings,
        padded_shape,
        constant_value,
    ),
    lower,
)

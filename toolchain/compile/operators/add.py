"""ADD, with broadcasting."""

from __future__ import annotations

from toolchain.compile.activation_types import is_int16
from toolchain.compile.broadcast import (
    broadcastable,
    fused_range,
    lower_loops,
    not_all_constant,
)
from toolchain.compile.common_scale import common_scale_parameters, too_fine_output
from toolchain.compile.forms.add_by_lanes import ADD_BY_LANES
from toolchain.compile.forms.add_products import ADD_PRODUCTS
from toolchain.compile.layer_view import LayerView
from toolchain.compile.lowering import (
    ConstantPool,
    Lowering,
    OperatorSupport,
    PendingCall,
    TensorPlace,
)
from toolchain.compile.rules import activations, fused_activation, inputs_and_outputs

# The extra bits inputs get before they are rescaled (`CalculateOpDataAdd`).
_EXTRA_BITS, _EXTRA_BITS_INT16 = 20, 15


def multiplier_range(layer: LayerView) -> str | None:
    """The output's scale is above 2**-19 of the inputs' (2**-14 with int16): the reference stops there."""
    return too_fine_output(layer, _extra_bits(layer))


def _extra_bits(layer: LayerView) -> int:
    return _EXTRA_BITS_INT16 if is_int16(layer) else _EXTRA_BITS


def lower(layer: LayerView, _: ConstantPool) -> Lowering:
    """Element by element where the shapes are equal (in place where an input dies), else by strides."""
    a, b, output = layer.input(0), layer.input(1), layer.output()
    scaling = {**common_scale_parameters(layer, _extra_bits(layer)), **fused_range(layer)}
    if is_int16(layer):
        scaling = {name: value for name, value in scaling.items() if "zero_point" not in name}
        return lower_loops(layer, "add_s16", scaling)
    places = TensorPlace(a.index), TensorPlace(b.index), TensorPlace(output.index)
    if a.shape == b.shape:
        call = PendingCall("add_s8", {"elements": output.elements, **scaling}, places)
        return Lowering((call,), in_place=((output.index, a.index), (output.index, b.index)))
    return lower_loops(layer, "add_broadcast_s8", scaling)


ADD = OperatorSupport(
    "ADD",
    (
        inputs_and_outputs(2),
        activations(0, 1),
        not_all_constant,
        fused_activation,
        broadcastable,
        multiplier_range,
    ),
    lower,
    forms=(ADD_BY_LANES, ADD_PRODUCTS),
)

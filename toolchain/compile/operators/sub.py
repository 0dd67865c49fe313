"""SUB, with broadcasting."""

from __future__ import annotations

from toolchain.compile.broadcast import broadcastable, fused_range, lower_broadcast, not_all_constant
from toolchain.compile.common_scale import (
    common_scale_multipliers,
    common_scale_parameters,
    too_fine_output,
)
from toolchain.compile.forms.add_by_lanes import SUB_BY_LANES
from toolchain.compile.forms.add_products import SUB_PRODUCTS
from toolchain.compile.layer_view import LayerView, quantisation
from toolchain.compile.lowering import ConstantPool, Lowering, OperatorSupport
from toolchain.compile.requantise import activation_range, clamp, multiply, wrap_int32
from toolchain.compile.rules import fused_activation, inputs_and_outputs, int8_activations

# The extra bits inputs get before they are rescaled (`CalculateOpDataSub`).
_EXTRA_BITS = 20


def multiplier_range(layer: LayerView) -> str | None:
    """The output's scale is above 2**-19 of the inputs': the reference stops there."""
    return too_fine_output(layer, _EXTRA_BITS)


def lower(layer: LayerView, pool: ConstantPool) -> Lowering:
    """One kernel call, or a table where one input is a single constant."""
    a, b, target = (quantisation(tensor) for tensor in (layer.input(0), layer.input(1), layer.output()))
    first, second, last = common_scale_multipliers(layer, _EXTRA_BITS)
    low, high = activation_range(layer.text("fused_activation_function"), target)

    def function(left: int, right: int) -> int:
        minuend = multiply((left - a.zero_point) << _EXTRA_BITS, first)
        subtrahend = multiply((right - b.zero_point) << _EXTRA_BITS, second)
        return clamp(wrap_int32(multiply(minuend - subtrahend, last) + target.zero_point), low, high)

    parameters = {**common_scale_parameters(layer, _EXTRA_BITS), **fused_range(layer)}
    return lower_broadcast(layer, pool, "sub_s8", parameters, function)


SUB = OperatorSupport(
    "SUB",
    (
        inputs_and_outputs(2),
        int8_activations(0, 1),
        not_all_constant,
        fused_activation,
        broadcastable,
        multiplier_range,
    ),
    lower,
    forms=(SUB_BY_LANES, SUB_PRODUCTS),
)

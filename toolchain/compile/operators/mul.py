"""MUL, with broadcasting."""

from __future__ import annotations

from toolchain.compile.activation_types import is_int16
from toolchain.compile.broadcast import (
    broadcastable,
    fused_range,
    lower_broadcast,
    lower_loops,
    not_all_constant,
)
from toolchain.compile.layer_view import LayerView, quantisation
from toolchain.compile.lowering import ConstantPool, Lowering, OperatorSupport
from toolchain.compile.requantise import (
    MAX_LEFT_SHIFT,
    Multiplier,
    activation_range,
    clamp,
    multiply,
    quantise_multiplier,
    wrap_int32,
)
from toolchain.compile.rules import activations, fused_activation, inputs_and_outputs


def multiplier_range(layer: LayerView) -> str | None:
    """The product of the inputs' scales is less than 2**30 times the output's."""
    largest = _multiplier(layer).shift
    return "its output's scale is too fine for its inputs'" if largest > MAX_LEFT_SHIFT else None


def _multiplier(layer: LayerView) -> Multiplier:
    """In float64 (`CalculateOpDataMul`)."""
    a, b = quantisation(layer.input(0)).scale, quantisation(layer.input(1)).scale
    return quantise_multiplier(a * b / quantisation(layer.output()).scale)


def lower(layer: LayerView, pool: ConstantPool) -> Lowering:
    """One kernel call, or a table where one input is a single constant."""
    a, b, target = (quantisation(tensor) for tensor in (layer.input(0), layer.input(1), layer.output()))
    multiplier = _multiplier(layer)
    low, high = activation_range(layer.text("fused_activation_function"), target)

    def function(left: int, right: int) -> int:
        scaled = multiply((left - a.zero_point) * (right - b.zero_point), multiplier)
        return clamp(wrap_int32(scaled + target.zero_point), low, high)

    parameters = {
        "input1_zero_point": a.zero_point,
        "input2_zero_point": b.zero_point,
        "output_zero_point": target.zero_point,
        "output_multiplier": multiplier.value,
        "output_shift": multiplier.shift,
        **fused_range(layer),
    }
    if is_int16(layer):
        scaling = {name: value for name, value in parameters.items() if "zero_point" not in name}
        return lower_loops(layer, "mul_s16", scaling)
    return lower_broadcast(layer, pool, "mul_s8", parameters, function)


MUL = OperatorSupport(
    "MUL",
    (
        inputs_and_outputs(2),
        activations(0, 1),
        not_all_constant,
        fused_activation,
        broadcastable,
        multiplier_range,
    ),
    lower,
)

"""SUB, with broadcasting."""

from __future__ import annotations

from toolchain.compile.broadcast import broadcastable, fused_range, lower_broadcast, not_all_constant
from toolchain.compile.layer_view import LayerView, quantisation
from toolchain.compile.lowering import ConstantPool, Lowering, OperatorSupport
from toolchain.compile.requantise import (
    Multiplier,
    activation_range,
    clamp,
    multiply,
    quantise_multiplier,
    wrap_int32,
)
from toolchain.compile.rescaling import float32_product, float32_ratio
from toolchain.compile.rules import fused_activation, inputs_and_outputs, int8_activations
from toolchain.vocabulary.program import ParameterValue

# The extra bits inputs get before they are rescaled (`CalculateOpDataSub`).
_EXTRA_BITS = 20


def multiplier_range(layer: LayerView) -> str | None:
    """All rescaling is by factors above 0 and below 1 (in float32): the reference stops there."""
    scales = _real_multipliers(layer)
    if min(scales) == 0.0:
        return "its scales are too far apart"
    too_fine = quantise_multiplier(scales[2]).shift > 0
    return "its output's scale is too fine for its inputs'" if too_fine else None


def _real_multipliers(layer: LayerView) -> tuple[float, float, float]:
    """Of both inputs and the output; divided in float32, where ADD has float64."""
    a, b = quantisation(layer.input(0)).scale, quantisation(layer.input(1)).scale
    twice_largest = float32_product(2.0, max(a, b))
    output = float32_product(2.0**_EXTRA_BITS, quantisation(layer.output()).scale)
    return (
        float32_ratio(a, twice_largest),
        float32_ratio(b, twice_largest),
        float32_ratio(twice_largest, output),
    )


def lower(layer: LayerView, pool: ConstantPool) -> Lowering:
    """One kernel call, or a table where one input is a single constant."""
    a, b, target = (quantisation(tensor) for tensor in (layer.input(0), layer.input(1), layer.output()))
    first, second, last = (quantise_multiplier(real) for real in _real_multipliers(layer))
    low, high = activation_range(layer.text("fused_activation_function"), target)

    def function(left: int, right: int) -> int:
        minuend = multiply((left - a.zero_point) << _EXTRA_BITS, first)
        subtrahend = multiply((right - b.zero_point) << _EXTRA_BITS, second)
        return clamp(wrap_int32(multiply(minuend - subtrahend, last) + target.zero_point), low, high)

    parameters: dict[str, ParameterValue] = {}
    for name, found, multiplier in (("input1", a, first), ("input2", b, second), ("output", target, last)):
        parameters |= _scaling(name, found.zero_point, multiplier)
    return lower_broadcast(layer, pool, "sub_s8", {**parameters, **fused_range(layer)}, function)


def _scaling(name: str, zero_point: int, multiplier: Multiplier) -> dict[str, ParameterValue]:
    return {
        f"{name}_zero_point": zero_point,
        f"{name}_multiplier": multiplier.value,
        f"{name}_shift": multiplier.shift,
    }


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
)

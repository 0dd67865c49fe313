"""PRELU, its slopes broadcast over the input."""

from __future__ import annotations

from toolchain.compile.broadcast import broadcastable, lower_broadcast, not_all_constant
from toolchain.compile.layer_view import LayerView, quantisation
from toolchain.compile.lowering import ConstantPool, Lowering, OperatorSupport
from toolchain.compile.requantise import (
    MAX_LEFT_SHIFT,
    Multiplier,
    clamp,
    multiply,
    quantise_multiplier,
    wrap_int32,
)
from toolchain.compile.rules import inputs_and_outputs, int8_activations


def multiplier_range(layer: LayerView) -> str | None:
    """Rescaling, with and without the slope, stays below 2**30."""
    largest = max(multiplier.shift for multiplier in _multipliers(layer))
    return "its output's scale is too fine for its inputs'" if largest > MAX_LEFT_SHIFT else None


def _multipliers(layer: LayerView) -> tuple[Multiplier, Multiplier]:
    """For values from zero up, and below, where the slope counts; in float64 (`CalculatePreluParams`)."""
    source, target = quantisation(layer.input(0)).scale, quantisation(layer.output()).scale
    slope = quantisation(layer.input(1)).scale
    return quantise_multiplier(source / target), quantise_multiplier(source * slope / target)


def lower(layer: LayerView, pool: ConstantPool) -> Lowering:
    """One kernel call, or a table where the slope is a single constant."""
    source, slope, target = (quantisation(t) for t in (layer.input(0), layer.input(1), layer.output()))
    above, below = _multipliers(layer)

    def function(value: int, alpha: int) -> int:
        centred = value - source.zero_point
        if centred >= 0:
            scaled = multiply(centred, above)
        else:
            scaled = multiply(centred * (alpha - slope.zero_point), below)
        return clamp(wrap_int32(scaled + target.zero_point))

    parameters = {
        "input_zero_point": source.zero_point,
        "alpha_zero_point": slope.zero_point,
        "output_zero_point": target.zero_point,
        "multiplier": above.value,
        "shift": above.shift,
        "alpha_multiplier": below.value,
        "alpha_shift": below.shift,
    }
    return lower_broadcast(layer, pool, "prelu_s8", parameters, function)


PRELU = OperatorSupport(
    "PRELU",
    (inputs_and_outputs(2), int8_activations(0, 1), not_all_constant, broadcastable, multiplier_range),
    lower,
)

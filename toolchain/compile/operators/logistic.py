"""LOGISTIC, int8 to int8, as a table."""

from __future__ import annotations

import math

from toolchain.compile.fixed_point import logistic
from toolchain.compile.layer_view import LayerView, quantisation
from toolchain.compile.lookup import lower_lookup
from toolchain.compile.lowering import ConstantPool, Lowering, OperatorSupport
from toolchain.compile.requantise import Multiplier, clamp, multiply, round_half_away, rounding_shift_right
from toolchain.compile.rules import (
    input_is_no_constant,
    inputs_and_outputs,
    int8_activations,
    same_element_count,
)

# Inputs are Q4.27, outputs Q0.8 (`kInputIntegerBits`, `kOutputIntegerBits`).
_INTEGER_BITS = 4
_OUTPUT_BITS = 8


def output_zero_point(layer: LayerView) -> str | None:
    """The output has zero point -128."""
    found = quantisation(layer.output()).zero_point
    return None if found == -128 else f"its output has the zero point {found}, not -128"


def scale_range(layer: LayerView) -> str | None:
    """The input's scale lies between 2**-27 and 2**32, where the reference is defined."""
    multiplier = _multiplier(layer)
    if not 0 <= multiplier.shift <= 62 or multiplier.value >= 2**31:
        return f"its input has the scale {quantisation(layer.input()).scale:g}"
    return None


def _multiplier(layer: LayerView) -> Multiplier:
    """The input's scale in Q4.27; unlike `QuantizeMultiplier`, the reference lets 2**31 stand here."""
    significand, shift = math.frexp(quantisation(layer.input()).scale * 2.0 ** (31 - _INTEGER_BITS))
    return Multiplier(round_half_away(significand * 2.0**31), shift)


def lower(layer: LayerView, pool: ConstantPool) -> Lowering:
    """A table look-up."""
    multiplier, zero_point = _multiplier(layer), quantisation(layer.input()).zero_point
    radius = ((2**_INTEGER_BITS - 1) << (31 - _INTEGER_BITS)) >> multiplier.shift

    def function(value: int) -> int:
        centred = value - zero_point
        if abs(centred) >= radius:
            return -128 if centred <= -radius else 127
        result = logistic(multiply(centred, multiplier), _INTEGER_BITS)
        return clamp(rounding_shift_right(result, 31 - _OUTPUT_BITS) - 128)

    return lower_lookup(layer, pool, function)


LOGISTIC = OperatorSupport(
    "LOGISTIC",
    (
        inputs_and_outputs(1),
        int8_activations(),
        input_is_no_constant,
        same_element_count,
        output_zero_point,
        scale_range,
    ),
    lower,
)

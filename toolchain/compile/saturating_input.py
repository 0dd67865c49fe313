"""What LOGISTIC and TANH have in common: the input in Q4.27, and where the function has saturated."""

from __future__ import annotations

import math
from collections.abc import Callable

from toolchain.compile.layer_view import LayerView, quantisation
from toolchain.compile.lookup import lower_lookup
from toolchain.compile.lowering import ConstantPool, Lowering
from toolchain.compile.requantise import Multiplier, clamp, multiply, round_half_away

# Inputs are Q4.27 (`kInputIntegerBits`).
INTEGER_BITS = 4


def scale_range(layer: LayerView) -> str | None:
    """The input's scale lies between 2**-27 and 2**32, where the reference is defined."""
    multiplier = _multiplier(layer)
    if not 0 <= multiplier.shift <= 62 or multiplier.value >= 2**31:
        return f"its input has the scale {quantisation(layer.input()).scale:g}"
    return None


def _multiplier(layer: LayerView) -> Multiplier:
    """The input's scale in Q4.27; unlike `QuantizeMultiplier`, the reference lets 2**31 stand here."""
    significand, shift = math.frexp(quantisation(layer.input()).scale * 2.0 ** (31 - INTEGER_BITS))
    return Multiplier(round_half_away(significand * 2.0**31), shift)


def lower_saturating(layer: LayerView, pool: ConstantPool, function: Callable[[int], int]) -> Lowering:
    """A table look-up; `function` maps a Q4.27 number to an output before clamping.

    Beyond the radius of Q4.27 (`CalculateInputRadius`) the output is -128 or 127.
    """
    multiplier, zero_point = _multiplier(layer), quantisation(layer.input()).zero_point
    radius = ((2**INTEGER_BITS - 1) << (31 - INTEGER_BITS)) >> multiplier.shift

    def output(value: int) -> int:
        centred = value - zero_point
        if abs(centred) >= radius:
            return -128 if centred <= -radius else 127
        return clamp(function(multiply(centred, multiplier)))

    return lower_lookup(layer, pool, output)

"""HARD_SWISH, int8 to int8, as a table."""

from __future__ import annotations

from toolchain.compile.layer_view import LayerView, quantisation
from toolchain.compile.lookup import lower_lookup
from toolchain.compile.lowering import ConstantPool, Lowering, OperatorSupport
from toolchain.compile.requantise import (
    INT32_MAX,
    Multiplier,
    clamp,
    quantise_multiplier,
    rounding_shift_right,
)
from toolchain.compile.rules import (
    input_is_no_constant,
    inputs_and_outputs,
    int8_activations,
    same_element_count,
)

# Inputs get 7 more bits; the gate min(max(x + 3, 0), 6) is held in steps of 3/32768 (`HardSwishPrepare`).
_EXTRA_BITS = 7
_GATE_SCALE = 3.0 / 32768.0
_LARGEST_GATE_SHIFT = 31


def output_scale_range(layer: LayerView) -> str | None:
    """The output's scale is at least 1/128 of the input's: the reference stops there."""
    return "its output's scale is too fine for its input's" if _output_multiplier(layer).shift > 0 else None


def input_scale_range(layer: LayerView) -> str | None:
    """The input's scale is below 2**24: beyond, the reference's shift is undefined."""
    if _gate_multiplier(layer).shift > _LARGEST_GATE_SHIFT:
        return f"its input has the scale {quantisation(layer.input()).scale:g}"
    return None


def _output_multiplier(layer: LayerView) -> Multiplier:
    return _sixteen_bits(_fine_input_scale(layer) / quantisation(layer.output()).scale)


def _gate_multiplier(layer: LayerView) -> Multiplier:
    return _sixteen_bits(_fine_input_scale(layer) / _GATE_SCALE)


def _fine_input_scale(layer: LayerView) -> float:
    return quantisation(layer.input()).scale / 2.0**_EXTRA_BITS


def _sixteen_bits(real: float) -> Multiplier:
    """`real` as a Q0.15 significand and its exponent (`DownScaleInt32ToInt16Multiplier`)."""
    wide = quantise_multiplier(real)
    value = 2**15 - 1 if wide.value >= INT32_MAX - 2**15 else (wide.value + 2**15) >> 16
    return Multiplier(value, wide.shift)


def _saturate(value: int) -> int:
    return clamp(value, -(2**15), 2**15 - 1)


def _doubling_high_multiply(a: int, b: int) -> int:
    """gemmlowp's SaturatingRoundingDoublingHighMul of int16: round(a * b / 2**15); b is no -2**15."""
    return (a * b + 2**14) >> 15


def _rounding_shift_right(value: int, exponent: int) -> int:
    """gemmlowp's RoundingDivideByPOT of int16, whose mask wraps from 16 bits on: then 1 or -1 is left."""
    if exponent < 16:
        return rounding_shift_right(value, exponent)
    return 1 if value >= 0 else -1


def _gate(value: int, multiplier: Multiplier) -> int:
    """The gate, 0 … 2**15, of an input with 7 extra bits: rescaled, saturated, and moved into place."""
    left = max(multiplier.shift, 0)
    scaled = _saturate(value << max(left - 1, 0))
    scaled = _doubling_high_multiply(scaled, multiplier.value)
    scaled = _saturate(scaled << min(left, 1))
    return (_rounding_shift_right(scaled, max(-multiplier.shift, 0)) + 2**15) >> 1


def lower(layer: LayerView, pool: ConstantPool) -> Lowering:
    """A table look-up, made with the reference's 16-bit arithmetic."""
    source, target = quantisation(layer.input()), quantisation(layer.output())
    output, gate = _output_multiplier(layer), _gate_multiplier(layer)

    def function(value: int) -> int:
        fine = (value - source.zero_point) << _EXTRA_BITS
        product = _gate(fine, gate) * _doubling_high_multiply(fine, output.value)
        # This division rounds towards 0, as C's does.
        high = product // 2**15 if product >= 0 else -(-product // 2**15)
        return clamp(_rounding_shift_right(high, -output.shift) + target.zero_point)

    return lower_lookup(layer, pool, function)


HARD_SWISH = OperatorSupport(
    "HARD_SWISH",
    (
        inputs_and_outputs(1),
        int8_activations(),
        input_is_no_constant,
        same_element_count,
        output_scale_range,
        input_scale_range,
    ),
    lower,
)

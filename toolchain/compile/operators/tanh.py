"""TANH: int8 to int8 as a table, int16 to int16 by interpolation."""

from __future__ import annotations

from toolchain.compile.activation_types import is_int16, only_int8
from toolchain.compile.fixed_point import tanh
from toolchain.compile.layer_view import LayerView
from toolchain.compile.lowering import ConstantPool, Lowering, OperatorSupport
from toolchain.compile.requantise import rounding_shift_right
from toolchain.compile.rules import (
    activations,
    input_is_no_constant,
    inputs_and_outputs,
    same_element_count,
)
from toolchain.compile.saturating_input import INTEGER_BITS, lower_saturating, scale_range
from toolchain.compile.sigmoid_interpolation import lower_interpolated, sixteen_bit_scales

# Outputs are Q0.7 (`kOutputScale`).
_OUTPUT_BITS = 7
# Int16 inputs of these scales (exponents of 2) are taken without a shift (`kInputIntegerBits` 3).
_DIRECT_SCALES = range(-12, -10)


def lower(layer: LayerView, pool: ConstantPool) -> Lowering:
    """A table look-up; with int16, a kernel call.

    With int8, the reference does not look at the output's quantisation, so neither does this.
    """
    if is_int16(layer):
        return lower_interpolated(layer, pool, "tanh", _DIRECT_SCALES)

    def function(value: int) -> int:
        return rounding_shift_right(tanh(value, INTEGER_BITS), 31 - _OUTPUT_BITS)

    return lower_saturating(layer, pool, function)


TANH = OperatorSupport(
    "TANH",
    (
        inputs_and_outputs(1),
        activations(),
        input_is_no_constant,
        same_element_count,
        only_int8(scale_range),
        sixteen_bit_scales(_DIRECT_SCALES),
    ),
    lower,
)

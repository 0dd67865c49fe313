"""TANH, int8 to int8, as a table."""

from __future__ import annotations

from toolchain.compile.fixed_point import tanh
from toolchain.compile.layer_view import LayerView
from toolchain.compile.lowering import ConstantPool, Lowering, OperatorSupport
from toolchain.compile.requantise import rounding_shift_right
from toolchain.compile.rules import (
    input_is_no_constant,
    inputs_and_outputs,
    int8_activations,
    same_element_count,
)
from toolchain.compile.saturating_input import INTEGER_BITS, lower_saturating, scale_range

# Outputs are Q0.7 (`kOutputScale`).
_OUTPUT_BITS = 7


def lower(layer: LayerView, pool: ConstantPool) -> Lowering:
    """A table look-up.  The reference does not look at the output's quantisation, so neither does this."""

    def function(value: int) -> int:
        return rounding_shift_right(tanh(value, INTEGER_BITS), 31 - _OUTPUT_BITS)

    return lower_saturating(layer, pool, function)


TANH = OperatorSupport(
    "TANH",
    (inputs_and_outputs(1), int8_activations(), input_is_no_constant, same_element_count, scale_range),
    lower,
)

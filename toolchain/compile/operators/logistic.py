"""LOGISTIC, int8 to int8, as a table."""

from __future__ import annotations

from toolchain.compile.fixed_point import logistic
from toolchain.compile.layer_view import LayerView, quantisation
from toolchain.compile.lowering import ConstantPool, Lowering, OperatorSupport
from toolchain.compile.requantise import rounding_shift_right
from toolchain.compile.rules import (
    input_is_no_constant,
    inputs_and_outputs,
    int8_activations,
    same_element_count,
)
from toolchain.compile.saturating_input import INTEGER_BITS, lower_saturating, scale_range

# Outputs are Q0.8 (`kOutputIntegerBits`).
_OUTPUT_BITS = 8


def output_zero_point(layer: LayerView) -> str | None:
    """The output has zero point -128."""
    found = quantisation(layer.output()).zero_point
    return None if found == -128 else f"its output has the zero point {found}, not -128"


def lower(layer: LayerView, pool: ConstantPool) -> Lowering:
    """A table look-up."""

    def function(value: int) -> int:
        return rounding_shift_right(logistic(value, INTEGER_BITS), 31 - _OUTPUT_BITS) - 128

    return lower_saturating(layer, pool, function)


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

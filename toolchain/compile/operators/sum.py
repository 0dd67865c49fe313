"""SUM over any axes."""

from __future__ import annotations

from toolchain.compile.layer_view import LayerView
from toolchain.compile.lowering import ConstantPool, Lowering, OperatorSupport
from toolchain.compile.reductions import constant_axes, lower_sum, reduced_shape, sum_multiplier, sum_range
from toolchain.compile.rules import input_is_no_constant, inputs_and_outputs, int8_activations


def lower(layer: LayerView, _: ConstantPool) -> Lowering:
    """One kernel call over the joined axes."""
    return lower_sum(layer, sum_multiplier(layer))


SUM = OperatorSupport(
    "SUM",
    (
        inputs_and_outputs(2),
        int8_activations(),
        input_is_no_constant,
        constant_axes,
        reduced_shape,
        sum_range,
    ),
    lower,
)

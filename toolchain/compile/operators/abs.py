"""ABS, int8 to int8, as a table."""

from __future__ import annotations

from toolchain.compile.layer_view import LayerView, quantisation
from toolchain.compile.lookup import lower_lookup
from toolchain.compile.lowering import ConstantPool, Lowering, OperatorSupport
from toolchain.compile.requantise import clamp, multiply, wrap_int32
from toolchain.compile.rescaling import scale_ratio, scale_ratio_range
from toolchain.compile.rules import (
    input_is_no_constant,
    inputs_and_outputs,
    int8_activations,
    same_element_count,
)


def lower(layer: LayerView, pool: ConstantPool) -> Lowering:
    """A table look-up.  Equal scales need no case of their own: rescaling by 1 changes nothing."""
    source, target, multiplier = quantisation(layer.input()), quantisation(layer.output()), scale_ratio(layer)

    def function(value: int) -> int:
        return clamp(wrap_int32(target.zero_point + multiply(abs(value - source.zero_point), multiplier)))

    return lower_lookup(layer, pool, function)


ABS = OperatorSupport(
    "ABS",
    (inputs_and_outputs(1), int8_activations(), input_is_no_constant, same_element_count, scale_ratio_range),
    lower,
)

"""RELU as a layer of its own, with rescaling."""

from __future__ import annotations

from toolchain.compile.activation_types import is_int16
from toolchain.compile.layer_view import LayerView, quantisation
from toolchain.compile.lookup import lower_lookup
from toolchain.compile.lowering import ConstantPool, Lowering, OperatorSupport
from toolchain.compile.requantise import clamp, multiply, wrap_int32
from toolchain.compile.rescale import lower_rescale
from toolchain.compile.rescaling import scale_ratio, scale_ratio_range
from toolchain.compile.rules import (
    activations,
    input_is_no_constant,
    inputs_and_outputs,
    same_element_count,
)


def lower(layer: LayerView, pool: ConstantPool) -> Lowering:
    """A table look-up; with int16, a kernel call."""
    if is_int16(layer):
        return lower_rescale(layer, scale_ratio(layer), low=0)
    source, target, multiplier = quantisation(layer.input()), quantisation(layer.output()), scale_ratio(layer)

    def function(value: int) -> int:
        scaled = wrap_int32(target.zero_point + multiply(value - source.zero_point, multiplier))
        return clamp(scaled, low=max(-128, target.zero_point))

    return lower_lookup(layer, pool, function)


RELU = OperatorSupport(
    "RELU",
    (inputs_and_outputs(1), activations(), input_is_no_constant, same_element_count, scale_ratio_range),
    lower,
)

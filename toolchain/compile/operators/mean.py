"""MEAN over any axes."""

from __future__ import annotations

from toolchain.compile.layer_view import LayerView
from toolchain.compile.lowering import ConstantPool, Lowering, OperatorSupport
from toolchain.compile.reductions import (
    constant_axes,
    lower_sum,
    reduced_count,
    reduced_shape,
    sum_multiplier,
    sum_range,
)
from toolchain.compile.requantise import Multiplier
from toolchain.compile.rules import input_is_no_constant, inputs_and_outputs, int8_activations


def _multiplier(layer: LayerView) -> Multiplier:
    """Input scale / output scale / count (`QuantizedMeanOrSum`: the count joins the significand)."""
    base, count = sum_multiplier(layer), reduced_count(layer)
    shift = min(count.bit_length() - 1, 32, 31 + base.shift)
    return Multiplier((base.value << shift) // count, base.shift - shift)


def lower(layer: LayerView, _: ConstantPool) -> Lowering:
    """One kernel call over the joined axes."""
    return lower_sum(layer, _multiplier(layer))


MEAN = OperatorSupport(
    "MEAN",
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

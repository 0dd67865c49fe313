"""RELU6 as a layer of its own: a clamp in the input's quantisation."""

from __future__ import annotations

from toolchain.compile.activation_types import is_int16
from toolchain.compile.layer_view import LayerView, quantisation
from toolchain.compile.lookup import lower_lookup
from toolchain.compile.lowering import ConstantPool, Lowering, OperatorSupport
from toolchain.compile.requantise import clamp, quantise_activation
from toolchain.compile.rescale import ONE, lower_rescale
from toolchain.compile.rules import (
    activations,
    input_is_no_constant,
    inputs_and_outputs,
    limit_fits,
    same_element_count,
)


def six_fits(layer: LayerView) -> str | None:
    """6 fits 32 bits in input steps: beyond, the reference's conversion is undefined."""
    return limit_fits(6.0, layer.input())


def lower(layer: LayerView, pool: ConstantPool) -> Lowering:
    """A table look-up.  The reference does not look at the output's quantisation, so neither does this."""
    source = quantisation(layer.input())
    if is_int16(layer):
        return lower_rescale(layer, ONE, low=0, high=clamp(quantise_activation(6.0, source), 0, 2**15 - 1))
    six = clamp(quantise_activation(6.0, source))
    return lower_lookup(layer, pool, lambda value: six if value > six else max(value, source.zero_point))


RELU6 = OperatorSupport(
    "RELU6",
    (inputs_and_outputs(1), activations(), input_is_no_constant, same_element_count, six_fits),
    lower,
)

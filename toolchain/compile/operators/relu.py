"""RELU as a layer of its own, with rescaling."""

from __future__ import annotations

import numpy as np

from toolchain.compile.layer_view import LayerView, quantisation
from toolchain.compile.lookup import lower_lookup
from toolchain.compile.lowering import ConstantPool, Lowering, OperatorSupport
from toolchain.compile.requantise import (
    MAX_LEFT_SHIFT,
    Multiplier,
    clamp,
    multiply,
    quantise_multiplier,
    wrap_int32,
)
from toolchain.compile.rules import (
    input_is_no_constant,
    inputs_and_outputs,
    int8_activations,
    same_element_count,
)


def multiplier_range(layer: LayerView) -> str | None:
    """The scales differ by less than 2**30."""
    return "its scales differ by 2**30 or more" if _multiplier(layer).shift > MAX_LEFT_SHIFT else None


def _multiplier(layer: LayerView) -> Multiplier:
    """Input scale / output scale, divided in float32 (`CalculateReluOpData`)."""
    with np.errstate(over="ignore"):
        ratio = np.float32(quantisation(layer.input()).scale) / np.float32(quantisation(layer.output()).scale)
    return quantise_multiplier(min(float(ratio), 2.0**100))


def lower(layer: LayerView, pool: ConstantPool) -> Lowering:
    """A table look-up."""
    source, target, multiplier = quantisation(layer.input()), quantisation(layer.output()), _multiplier(layer)

    def function(value: int) -> int:
        scaled = wrap_int32(target.zero_point + multiply(value - source.zero_point, multiplier))
        return clamp(scaled, low=max(-128, target.zero_point))

    return lower_lookup(layer, pool, function)


RELU = OperatorSupport(
    "RELU",
    (inputs_and_outputs(1), int8_activations(), input_is_no_constant, same_element_count, multiplier_range),
    lower,
)

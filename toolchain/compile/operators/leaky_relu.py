"""LEAKY_RELU, int8 to int8, as a table."""

from __future__ import annotations

import math

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
from toolchain.compile.rescaling import scale_ratio, scale_ratio_range
from toolchain.compile.rules import (
    input_is_no_constant,
    inputs_and_outputs,
    int8_activations,
    same_element_count,
)


def alpha_range(layer: LayerView) -> str | None:
    """alpha is a finite number, and rescaling by it stays below 2**30."""
    alpha = layer.real("alpha")
    if not math.isfinite(alpha):
        return f"its alpha is {alpha}"
    return f"its alpha is {alpha:g}, too large" if _alpha(layer).shift > MAX_LEFT_SHIFT else None


def _alpha(layer: LayerView) -> Multiplier:
    """|alpha| * input scale / output scale, in float64 (`CalculateOpDataLeakyRelu`)."""
    source, target = quantisation(layer.input()).scale, quantisation(layer.output()).scale
    return quantise_multiplier(source * abs(layer.real("alpha")) / target)


def lower(layer: LayerView, pool: ConstantPool) -> Lowering:
    """A table look-up."""
    source, target = quantisation(layer.input()), quantisation(layer.output())
    identity, alpha = scale_ratio(layer), _alpha(layer)
    sign = -1 if layer.real("alpha") < 0.0 else 1

    def function(value: int) -> int:
        centred = value - source.zero_point
        scaled = multiply(centred, identity) if centred >= 0 else sign * multiply(centred, alpha)
        return clamp(wrap_int32(target.zero_point + scaled))

    return lower_lookup(layer, pool, function)


LEAKY_RELU = OperatorSupport(
    "LEAKY_RELU",
    (
        inputs_and_outputs(1),
        int8_activations(),
        input_is_no_constant,
        same_element_count,
        scale_ratio_range,
        alpha_range,
    ),
    lower,
)

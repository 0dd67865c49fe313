"""ELU, int8 to int8, as a table."""

from __future__ import annotations

import math

import numpy as np

from toolchain.compile.layer_view import LayerView, quantisation
from toolchain.compile.lookup import lower_lookup
from toolchain.compile.lowering import ConstantPool, Lowering, OperatorSupport
from toolchain.compile.requantise import clamp, round_half_away
from toolchain.compile.rules import (
    input_is_no_constant,
    inputs_and_outputs,
    int8_activations,
    same_element_count,
)


def conversion_range(layer: LayerView) -> str | None:
    """Every result, in output steps, fits 32 bits: beyond, the reference's conversion is undefined."""
    reach = max(abs(_in_output_steps(layer, value)) for value in (-128, 127))
    return "its output's scale is too fine for its input's" if not reach < 2.0**31 else None


def _elu(value: np.float32) -> np.float32:
    """Steps of float32; the exponential is the float32 nearest to the real one."""
    return value if value >= 0 else np.float32(math.exp(float(value))) - np.float32(1.0)


def _in_output_steps(layer: LayerView, value: int) -> float:
    """ELU of one input in output steps, the zero point added: the float32 the reference converts to int32."""
    source, target = quantisation(layer.input()), quantisation(layer.output())
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        inverse_scale = np.float32(1.0) / np.float32(target.scale)
        real = np.float32(source.scale) * np.float32(value - source.zero_point)
        scaled = float(_elu(real) * inverse_scale)
        if not math.isfinite(scaled):
            return math.inf
        return float(np.float32(round_half_away(scaled)) + np.float32(target.zero_point))


def lower(layer: LayerView, pool: ConstantPool) -> Lowering:
    """A table look-up (`PopulateLookupTable`)."""
    return lower_lookup(layer, pool, lambda value: clamp(int(_in_output_steps(layer, value))))


ELU = OperatorSupport(
    "ELU",
    (inputs_and_outputs(1), int8_activations(), input_is_no_constant, same_element_count, conversion_range),
    lower,
)

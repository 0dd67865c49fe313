"""SOFTMAX over the last axis."""

from __future__ import annotations

import numpy as np

from toolchain.compile.activation_types import is_int16, only_int8, only_int16, place_of
from toolchain.compile.fixed_point import exp_of_negative
from toolchain.compile.interpolated_table import exponential_table, reciprocal_table
from toolchain.compile.layer_view import LayerView, quantisation
from toolchain.compile.lowering import (
    ConstantPool,
    Lowering,
    OperatorSupport,
    Parameters,
    PendingCall,
)
from toolchain.compile.requantise import Multiplier, multiply, quantise_multiplier
from toolchain.compile.rules import activations, input_is_no_constant, inputs_and_outputs, same_shape

# Differences to the row's maximum are Q5.26 (`kScaledDiffIntegerBits`).
_INTEGER_BITS = 5
# The reference stops at a failed check once a row's sum reaches 512 times the largest exponential.
_MAX_DEPTH = 511
# With int16, a row's sum of values up to 2**15 - 1 has 32 bits.
_MAX_INT16_DEPTH = 2**16
# With int16, differences are brought to steps of 10/65535 by shifting at most so far.
_MAX_INT16_SHIFT = 15


def output_quantisation(layer: LayerView) -> str | None:
    """With int8, the output has scale 1/256 and zero point -128."""
    found = quantisation(layer.output())
    if found.scale != 1.0 / 256.0 or found.zero_point != -128:
        return f"its output has scale {found.scale:g} and zero point {found.zero_point}, not 1/256 and -128"
    return None


def row_length(layer: LayerView) -> str | None:
    """Rows have at most 511 values (beyond, the reference can stop at a failed check), 65,536 with int16."""
    shape = layer.input().shape
    if not shape:
        return "its input has no axis"
    most = _MAX_INT16_DEPTH if is_int16(layer) else _MAX_DEPTH
    return f"its rows have {shape[-1]} values" if shape[-1] > most else None


def scale_range(layer: LayerView) -> str | None:
    """With int8, beta * scale is above 2**-26: below, the reference stops at a failed check."""
    real = layer.real("beta") * quantisation(layer.input()).scale * 2.0 ** (31 - _INTEGER_BITS)
    return f"beta times its input's scale is {real / 2**26:g}" if not real > 1.0 else None


def int16_output_quantisation(layer: LayerView) -> str | None:
    """With int16, the output's scale is 2**-15 (within 0.1 %, as in the reference)."""
    scale = quantisation(layer.output()).scale
    near = abs(scale - 2.0**-15) <= 0.001 * 2.0**-15
    return None if near else f"its output has the scale {scale:g}, not 2**-15"


def int16_scale_range(layer: LayerView) -> str | None:
    """With int16, beta is at least 0, and beta * scale at most 5: beyond, the reference overflows."""
    if layer.real("beta") >= 0.0 and _int16_multiplier(layer).shift <= _MAX_INT16_SHIFT:
        return None
    return f"beta times its input's scale is {layer.real('beta') * quantisation(layer.input()).scale:g}"


def _int16_multiplier(layer: LayerView) -> Multiplier:
    """To steps of 10/65535 (`CalculateSoftmaxParams`)."""
    return quantise_multiplier(quantisation(layer.input()).scale * layer.real("beta") / (10.0 / 65535.0))


def _multiplier(layer: LayerView) -> Multiplier:
    """`PreprocessSoftmaxScaling`."""
    real = layer.real("beta") * quantisation(layer.input()).scale * 2.0 ** (31 - _INTEGER_BITS)
    return quantise_multiplier(min(real, 2.0**31 - 1.0))


def _exponentials(layer: LayerView) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    """exp(-d) in Q0.31 for d = 0, 1, … input steps below the maximum, as far as they count."""
    multiplier = _multiplier(layer)
    radius = ((2**_INTEGER_BITS - 1) << (31 - _INTEGER_BITS)) >> multiplier.shift
    return np.array(
        [exp_of_negative(multiply(-d, multiplier), _INTEGER_BITS) for d in range(min(radius, 255) + 1)],
        np.int32,
    )


def lower(layer: LayerView, pool: ConstantPool) -> Lowering:
    """One kernel call with a table of exponentials; row by row, so it may run in place."""
    kernel, special = _int16_kernel(layer, pool) if is_int16(layer) else _int8_kernel(layer, pool)
    depth = layer.input().shape[-1]
    parameters: Parameters = {"rows": layer.input().elements // depth, "depth": depth, **special}
    places = place_of(layer.input()), place_of(layer.output())
    return Lowering(
        (PendingCall(kernel, parameters, places),), in_place=((layer.output().index, layer.input().index),)
    )


def _int8_kernel(layer: LayerView, pool: ConstantPool) -> tuple[str, Parameters]:
    table = _exponentials(layer)
    reference = pool.add(
        f"{layer.operator.index}_exponential",
        "int32_t",
        table,
        role="table",
        comment=f"{layer.name}, exp(-d) in Q0.31",
    )
    return "softmax_s8", {"entries": len(table), "exponential": reference}


def _int16_kernel(layer: LayerView, pool: ConstantPool) -> tuple[str, Parameters]:
    multiplier = _int16_multiplier(layer)
    exponential, reciprocal = exponential_table(), reciprocal_table()
    return "softmax_s16", {
        "multiplier": multiplier.value,
        "shift": multiplier.shift,
        "exponential": pool.add(
            "exponential", "int16_t", exponential, role="table", comment="exp(x), x from -10 to 0, in Q0.15"
        ),
        "reciprocal": pool.add(
            "reciprocal", "int16_t", reciprocal, role="table", comment="1 / (1 + x), x from 0 to 1, in Q0.15"
        ),
    }


SOFTMAX = OperatorSupport(
    "SOFTMAX",
    (
        inputs_and_outputs(1),
        activations(),
        input_is_no_constant,
        same_shape,
        only_int8(output_quantisation),
        only_int16(int16_output_quantisation),
        row_length,
        only_int8(scale_range),
        only_int16(int16_scale_range),
    ),
    lower,
)

"""SOFTMAX over the last axis, int8 to int8."""

from __future__ import annotations

import numpy as np

from toolchain.compile.fixed_point import exp_of_negative
from toolchain.compile.layer_view import LayerView, quantisation
from toolchain.compile.lowering import (
    ConstantPool,
    Lowering,
    OperatorSupport,
    Parameters,
    PendingCall,
    TensorPlace,
)
from toolchain.compile.requantise import Multiplier, multiply, quantise_multiplier
from toolchain.compile.rules import input_is_no_constant, inputs_and_outputs, int8_activations, same_shape

# Differences to the row's maximum are Q5.26 (`kScaledDiffIntegerBits`).
_INTEGER_BITS = 5
# The reference stops at a failed check once a row's sum reaches 512 times the largest exponential.
_MAX_DEPTH = 511


def output_quantisation(layer: LayerView) -> str | None:
    """The output has scale 1/256 and zero point -128."""
    found = quantisation(layer.output())
    if found.scale != 1.0 / 256.0 or found.zero_point != -128:
        return f"its output has scale {found.scale:g} and zero point {found.zero_point}, not 1/256 and -128"
    return None


def row_length(layer: LayerView) -> str | None:
    """Rows have at most 511 values: beyond, the reference can stop at a failed check."""
    shape = layer.input().shape
    if not shape:
        return "its input has no axis"
    return f"its rows have {shape[-1]} values" if shape[-1] > _MAX_DEPTH else None


def scale_range(layer: LayerView) -> str | None:
    """beta * scale is above 2**-26: below, the reference stops at a failed check."""
    real = layer.real("beta") * quantisation(layer.input()).scale * 2.0 ** (31 - _INTEGER_BITS)
    return f"beta times its input's scale is {real / 2**26:g}" if not real > 1.0 else None


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
    depth = layer.input().shape[-1]
    table = _exponentials(layer)
    reference = pool.add(
        f"{layer.operator.index}_exponential",
        "int32_t",
        table,
        role="table",
        comment=f"{layer.name}, exp(-d) in Q0.31",
    )
    parameters: Parameters = {
        "rows": layer.input().elements // depth,
        "depth": depth,
        "entries": len(table),
        "exponential": reference,
    }
    a, b = layer.input().index, layer.output().index
    return Lowering(
        (PendingCall("softmax_s8", parameters, (TensorPlace(a), TensorPlace(b))),), in_place=((b, a),)
    )


SOFTMAX = OperatorSupport(
    "SOFTMAX",
    (
        inputs_and_outputs(1),
        int8_activations(),
        input_is_no_constant,
        same_shape,
        output_quantisation,
        row_length,
        scale_range,
    ),
    lower,
)

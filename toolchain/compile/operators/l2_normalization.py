"""L2_NORMALIZATION over the last axis."""

from __future__ import annotations

from toolchain.compile.layer_view import LayerView, quantisation
from toolchain.compile.lowering import (
    ConstantPool,
    Lowering,
    OperatorSupport,
    Parameters,
    PendingCall,
    TensorPlace,
)
from toolchain.compile.requantise import INT32_MAX
from toolchain.compile.rules import input_is_no_constant, inputs_and_outputs, int8_activations, same_shape

# Squares of differences to the zero point, at most 255 ** 2 each, are summed in 32 bits.
_MAX_DEPTH = INT32_MAX // 255**2


def axes(layer: LayerView) -> str | None:
    """There are one to four axes; rows have at most 33025 values: their squares sum within 32 bits."""
    shape = layer.input().shape
    if not 1 <= len(shape) <= 4:
        return f"its input has {len(shape)} axes"
    return f"its rows have {shape[-1]} values" if shape[-1] > _MAX_DEPTH else None


def no_activation(layer: LayerView) -> str | None:
    """There is no fused activation."""
    activation = layer.text("fused_activation_function")
    return None if activation == "NONE" else f"the fused activation {activation}"


def lower(layer: LayerView, _: ConstantPool) -> Lowering:
    """One kernel call, row by row, so it may run in place.

    The reference takes the output to have scale 1/128 and zero point 0 without a look, and so does this.
    """
    depth = layer.input().shape[-1]
    parameters: Parameters = {
        "rows": layer.input().elements // depth,
        "depth": depth,
        "input_zero_point": quantisation(layer.input()).zero_point,
    }
    a, b = layer.input().index, layer.output().index
    call = PendingCall("l2_normalization_s8", parameters, (TensorPlace(a), TensorPlace(b)))
    return Lowering((call,), in_place=((b, a),))


L2_NORMALIZATION = OperatorSupport(
    "L2_NORMALIZATION",
    (inputs_and_outputs(1), int8_activations(), input_is_no_constant, same_shape, axes, no_activation),
    lower,
)

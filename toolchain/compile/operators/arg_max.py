"""ARG_MAX along one axis: the int32 index of the largest value, the first of equal ones."""

from __future__ import annotations

import math

from toolchain.compile.layer_view import LayerView, values
from toolchain.compile.lowering import (
    ConstantPool,
    Lowering,
    OperatorSupport,
    Parameters,
    PendingCall,
    TensorPlace,
)
from toolchain.compile.rules import MAX_ACTIVATION_VALUES, input_is_no_constant, inputs_and_outputs


def types(layer: LayerView) -> str | None:
    """The input is int8, whatever its scale, and not empty; the output is int32."""
    source, output = layer.input(), layer.output()
    if source.dtype != "INT8":
        return f"tensor {source.name!r} is {source.dtype}, not INT8"
    if not 0 < source.elements <= MAX_ACTIVATION_VALUES:
        return f"tensor {source.name!r} has {source.elements} values"
    return None if output.dtype == "INT32" else f"its output is {output.dtype}, not INT32"


def constant_axis(layer: LayerView) -> str | None:
    """The axis is one int32 constant and lies within the input's."""
    axis, rank = layer.input(1), len(layer.input().shape)
    if not axis.is_constant or axis.dtype != "INT32" or axis.elements != 1:
        return "its axis is no int32 constant of one value"
    value = int(values(axis).reshape(-1)[0])
    return None if -rank <= value < rank else f"axis {value} lies outside {layer.input().shape}"


def output_shape(layer: LayerView) -> str | None:
    """The output's shape is the input's without the axis."""
    shape, axis = layer.input().shape, _axis(layer)
    expected, actual = shape[:axis] + shape[axis + 1 :], layer.output().shape
    return None if actual == expected else f"its output has the shape {actual}, where {expected} follows"


def _axis(layer: LayerView) -> int:
    return int(values(layer.input(1)).reshape(-1)[0]) % len(layer.input().shape)


def lower(layer: LayerView, _: ConstantPool) -> Lowering:
    """One kernel call."""
    shape, axis = layer.input().shape, _axis(layer)
    parameters: Parameters = {
        "outer": math.prod(shape[:axis]),
        "extent": shape[axis],
        "inner": math.prod(shape[axis + 1 :]),
    }
    places = TensorPlace(layer.input().index), TensorPlace(layer.output().index)
    return Lowering((PendingCall("arg_max_s8", parameters, places),))


ARG_MAX = OperatorSupport(
    "ARG_MAX",
    (inputs_and_outputs(2), types, input_is_no_constant, constant_axis, output_shape),
    lower,
)

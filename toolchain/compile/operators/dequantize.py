"""DEQUANTIZE: int8 or int16 to float at the model's output."""

from __future__ import annotations

from toolchain.compile.activation_types import activation_type, place_of
from toolchain.compile.layer_view import LayerView, quantisation
from toolchain.compile.lowering import (
    ConstantPool,
    Lowering,
    OperatorSupport,
    Parameters,
    PendingCall,
    TensorPlace,
)
from toolchain.compile.rules import (
    input_is_no_constant,
    inputs_and_outputs,
    same_element_count,
    unfit_activation,
)


def types(layer: LayerView) -> str | None:
    """The input is int8, or int16 with zero point 0; the output is a float32 output of the model."""
    output, reason = layer.output(), unfit_activation(layer.input())
    if reason is not None:
        return reason
    if output.dtype != "FLOAT32" or output.index not in layer.graph.outputs:
        return f"its output {output.name!r} is no float32 output of the model"
    return None


def lower(layer: LayerView, _: ConstantPool) -> Lowering:
    """One multiplication an element."""
    source = quantisation(layer.input())
    parameters: Parameters = {"elements": layer.output().elements, "scale": source.scale}
    if layer.input().dtype == "INT8":
        parameters["zero_point"] = source.zero_point
    kernel = f"dequantize_{activation_type(layer.input()).suffix}_f32"
    places = place_of(layer.input()), TensorPlace(layer.output().index)
    return Lowering((PendingCall(kernel, parameters, places),))


DEQUANTIZE = OperatorSupport(
    "DEQUANTIZE",
    (inputs_and_outputs(1), input_is_no_constant, types, same_element_count),
    lower,
)

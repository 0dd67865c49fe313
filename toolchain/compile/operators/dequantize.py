"""DEQUANTIZE: int8 to float at the model's output."""

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
from toolchain.compile.rules import (
    MAX_ACTIVATION_VALUES,
    input_is_no_constant,
    inputs_and_outputs,
    same_element_count,
)


def types(layer: LayerView) -> str | None:
    """The input is int8 with one scale; the output is a float32 output of the model."""
    source, output = layer.input(), layer.output()
    if source.dtype != "INT8" or source.quantisation is None or source.quantisation.per_channel:
        return f"its input {source.name!r} is not int8 with one scale"
    if not -128 <= source.quantisation.zero_point <= 127:
        return f"its input has the zero point {source.quantisation.zero_point}"
    if not 0 < source.elements <= MAX_ACTIVATION_VALUES:
        return f"tensor {source.name!r} has {source.elements} values"
    if output.dtype != "FLOAT32" or output.index not in layer.graph.outputs:
        return f"its output {output.name!r} is no float32 output of the model"
    return None


def lower(layer: LayerView, _: ConstantPool) -> Lowering:
    """One multiplication an element."""
    source = quantisation(layer.input())
    parameters: Parameters = {
        "elements": layer.output().elements,
        "scale": source.scale,
        "zero_point": source.zero_point,
    }
    places = TensorPlace(layer.input().index), TensorPlace(layer.output().index)
    return Lowering((PendingCall("dequantize_s8_f32", parameters, places),))


DEQUANTIZE = OperatorSupport(
    "DEQUANTIZE",
    (inputs_and_outputs(1), input_is_no_constant, types, same_element_count),
    lower,
)

"""QUANTIZE: int8 to int8 with another scale, or float to int8 at the model's input."""

from __future__ import annotations

from toolchain.compile.layer_view import LayerView, quantisation
from toolchain.compile.lookup import lower_lookup
from toolchain.compile.lowering import (
    ConstantPool,
    Lowering,
    OperatorSupport,
    Parameters,
    PendingCall,
    TensorPlace,
)
from toolchain.compile.requantise import (
    MAX_LEFT_SHIFT,
    Multiplier,
    clamp,
    multiply,
    quantise_multiplier,
    wrap_int32,
)
from toolchain.compile.rules import (
    MAX_ACTIVATION_VALUES,
    input_is_no_constant,
    inputs_and_outputs,
    int8_activations,
    same_element_count,
)


def types(layer: LayerView) -> str | None:
    """The output is int8; the input is int8, or a float32 input of the model."""
    if layer.input().dtype == "FLOAT32":
        if layer.input().index not in layer.graph.inputs:
            return f"its float input {layer.input().name!r} is no input of the model"
        if not 0 < layer.input().elements <= MAX_ACTIVATION_VALUES:
            return f"tensor {layer.input().name!r} has {layer.input().elements} values"
        return _output_only(layer)
    return int8_activations()(layer)


def _output_only(layer: LayerView) -> str | None:
    output = layer.output()
    if output.dtype != "INT8" or output.quantisation is None or output.quantisation.per_channel:
        return f"its output {output.name!r} is not int8 with one scale"
    zero_point = output.quantisation.zero_point
    return None if -128 <= zero_point <= 127 else f"its output has the zero point {zero_point}"


def multiplier_range(layer: LayerView) -> str | None:
    """The scales differ by less than 2**30."""
    if layer.input().dtype == "FLOAT32":
        return None
    return "its scales differ by 2**30 or more" if _multiplier(layer).shift > MAX_LEFT_SHIFT else None


def _multiplier(layer: LayerView) -> Multiplier:
    return quantise_multiplier(quantisation(layer.input()).scale / quantisation(layer.output()).scale)


def lower(layer: LayerView, pool: ConstantPool) -> Lowering:
    """A table look-up between int8 tensors; a division by the scale from float."""
    target = quantisation(layer.output())
    if layer.input().dtype == "FLOAT32":
        parameters: Parameters = {
            "elements": layer.output().elements,
            "scale": target.scale,
            "zero_point": target.zero_point,
        }
        places = TensorPlace(layer.input().index), TensorPlace(layer.output().index)
        return Lowering((PendingCall("quantize_f32_s8", parameters, places),))
    source, multiplier = quantisation(layer.input()), _multiplier(layer)

    def function(value: int) -> int:
        return clamp(wrap_int32(multiply(value - source.zero_point, multiplier) + target.zero_point))

    return lower_lookup(layer, pool, function)


QUANTIZE = OperatorSupport(
    "QUANTIZE",
    (inputs_and_outputs(1), input_is_no_constant, types, same_element_count, multiplier_range),
    lower,
)

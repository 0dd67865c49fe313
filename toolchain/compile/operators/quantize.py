"""QUANTIZE: from int8 or int16 to either with another scale, or from float at the model's input."""

from __future__ import annotations

from toolchain.compile.activation_types import is_int16, kernel_for, place_of
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
from toolchain.compile.rescale import lower_rescale
from toolchain.compile.rules import (
    MAX_ACTIVATION_VALUES,
    input_is_no_constant,
    inputs_and_outputs,
    same_element_count,
    unfit_activation,
)


def types(layer: LayerView) -> str | None:
    """The output is int8 or int16; the input is of these too, or a float32 input of the model."""
    if layer.input().dtype == "FLOAT32":
        if layer.input().index not in layer.graph.inputs:
            return f"its float input {layer.input().name!r} is no input of the model"
        if not 0 < layer.input().elements <= MAX_ACTIVATION_VALUES:
            return f"tensor {layer.input().name!r} has {layer.input().elements} values"
        return unfit_activation(layer.output())
    return unfit_activation(layer.input()) or unfit_activation(layer.output())


def multiplier_range(layer: LayerView) -> str | None:
    """The scales differ by less than 2**30."""
    if layer.input().dtype == "FLOAT32":
        return None
    return "its scales differ by 2**30 or more" if _multiplier(layer).shift > MAX_LEFT_SHIFT else None


def _multiplier(layer: LayerView) -> Multiplier:
    return quantise_multiplier(quantisation(layer.input()).scale / quantisation(layer.output()).scale)


def lower(layer: LayerView, pool: ConstantPool) -> Lowering:
    """A table look-up between int8 tensors; a division by the scale from float; else one rescaling."""
    if layer.input().dtype == "FLOAT32":
        return _from_float(layer)
    source, target, multiplier = quantisation(layer.input()), quantisation(layer.output()), _multiplier(layer)
    if layer.input().dtype == layer.output().dtype == "INT16":
        return lower_rescale(layer, multiplier)
    if "INT16" in (layer.input().dtype, layer.output().dtype):
        return _to_other_type(layer, multiplier)

    def function(value: int) -> int:
        return clamp(wrap_int32(multiply(value - source.zero_point, multiplier) + target.zero_point))

    return lower_lookup(layer, pool, function)


def _from_float(layer: LayerView) -> Lowering:
    target = quantisation(layer.output())
    parameters: Parameters = {"elements": layer.output().elements, "scale": target.scale}
    if not is_int16(layer):
        parameters["zero_point"] = target.zero_point
    places = TensorPlace(layer.input().index), place_of(layer.output())
    return Lowering((PendingCall(kernel_for(layer, "quantize_f32"), parameters, places),))


def _to_other_type(layer: LayerView, multiplier: Multiplier) -> Lowering:
    """Never in place: an int8 tensor may come to lie at an odd address."""
    rescaling: Parameters = {"multiplier": multiplier.value, "shift": multiplier.shift}
    source, target = quantisation(layer.input()).zero_point, quantisation(layer.output()).zero_point
    parameters: Parameters = {"elements": layer.output().elements}
    if is_int16(layer):
        kernel, parameters = "quantize_s8_s16", {**parameters, "input_zero_point": source, **rescaling}
    else:
        kernel, parameters = "quantize_s16_s8", {**parameters, **rescaling, "output_zero_point": target}
    return Lowering((PendingCall(kernel, parameters, (place_of(layer.input()), place_of(layer.output()))),))


QUANTIZE = OperatorSupport(
    "QUANTIZE",
    (inputs_and_outputs(1), input_is_no_constant, types, same_element_count, multiplier_range),
    lower,
)

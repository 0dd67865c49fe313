"""QUANTIZE: from int8 or int16 to either with another scale; from float or uint8, to uint8 at the ends."""

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
from toolchain.vocabulary.graph import Tensor

_UINT8_MAX, _INT8_MAX = 255, 127


def types(layer: LayerView) -> str | None:
    """The tensors are int8 or int16; inputs of the model are float32 or uint8 too, its outputs uint8.

    Of uint8, the other side is int8.
    """
    given, made = layer.input(), layer.output()
    for tensor, ends, what in ((given, layer.graph.inputs, "input"), (made, layer.graph.outputs, "output")):
        outside = ("FLOAT32", "UINT8") if what == "input" else ("UINT8",)
        if tensor.dtype in outside and tensor.index not in ends:
            return f"its {tensor.dtype} {what} {tensor.name!r} is no {what} of the model"
    if given.dtype == "FLOAT32":
        if not 0 < given.elements <= MAX_ACTIVATION_VALUES:
            return f"tensor {given.name!r} has {given.elements} values"
        return unfit_activation(made)
    if "UINT8" in (given.dtype, made.dtype):
        if given.dtype == made.dtype:
            return "its input and its output are UINT8"
        return _unfit_eight_bits(given) or _unfit_eight_bits(made)
    return unfit_activation(given) or unfit_activation(made)


def _unfit_eight_bits(tensor: Tensor) -> str | None:
    if tensor.dtype != "UINT8":
        return unfit_activation(tensor) or (None if tensor.dtype == "INT8" else f"{tensor.name!r} is no int8")
    found = tensor.quantisation
    if found is None or found.per_channel or not 0 <= found.zero_point <= _UINT8_MAX:
        return f"tensor {tensor.name!r} has not one scale and a uint8 zero point"
    sound = 0 < tensor.elements <= MAX_ACTIVATION_VALUES
    return None if sound else f"tensor {tensor.name!r} has {tensor.elements} values"


def multiplier_range(layer: LayerView) -> str | None:
    """The scales differ by less than 2**30."""
    if layer.input().dtype == "FLOAT32":
        return None
    return "its scales differ by 2**30 or more" if _multiplier(layer).shift > MAX_LEFT_SHIFT else None


def _multiplier(layer: LayerView) -> Multiplier:
    return quantise_multiplier(quantisation(layer.input()).scale / quantisation(layer.output()).scale)


def lower(layer: LayerView, pool: ConstantPool) -> Lowering:
    """A table look-up between 8-bit tensors; a division by the scale from float; else one rescaling."""
    if layer.input().dtype == "FLOAT32":
        return _from_float(layer)
    source, target, multiplier = quantisation(layer.input()), quantisation(layer.output()), _multiplier(layer)
    if layer.input().dtype == layer.output().dtype == "INT16":
        return lower_rescale(layer, multiplier)
    if "INT16" in (layer.input().dtype, layer.output().dtype):
        return _to_other_type(layer, multiplier)

    unsigned_input, unsigned_output = (t.dtype == "UINT8" for t in (layer.input(), layer.output()))
    low, high = (0, _UINT8_MAX) if unsigned_output else (-128, 127)

    def function(value: int) -> int:
        given = value % 256 if unsigned_input else value
        made = clamp(
            wrap_int32(multiply(given - source.zero_point, multiplier) + target.zero_point), low, high
        )
        # The table holds bytes, whatever they stand for.
        return made - 256 if made > _INT8_MAX else made

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

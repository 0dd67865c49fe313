"""Rules that several operators share, and the machinery to ask them."""

from __future__ import annotations

from toolchain.compile.layer_view import LayerView, quantisation
from toolchain.compile.lowering import OperatorSupport, Rule
from toolchain.vocabulary.graph import Tensor

FUSED_ACTIVATIONS = ("NONE", "RELU", "RELU6", "RELU_N1_TO_1")
MAX_ACTIVATION_VALUES = 2**26
# float32 numbers from here on round to 2**31, one too many for 32 bits.
_MAX_STEPS = 2.0**31 - 2.0**6


def first_refusal(support: OperatorSupport, layer: LayerView) -> str | None:
    """The first reason against compiling this layer, or None."""
    for rule in support.rules:
        reason = rule(layer)
        if reason is not None:
            return reason
    return _misused_variable(support, layer)


def _misused_variable(support: OperatorSupport, layer: LayerView) -> str | None:
    """Variable tensors are for the operators that are defined on them, at their inputs for them."""
    elsewhere = [i for position, i in enumerate(layer.operator.inputs) if position not in support.variables]
    tensors = [layer.graph.tensors[i] for i in (*elsewhere, *layer.operator.outputs) if i != -1]
    found = next((tensor.name for tensor in tensors if tensor.is_variable), None)
    return None if found is None else f"it uses the variable tensor {found!r}"


def inputs_and_outputs(least: int, most: int | None = None) -> Rule:
    """A rule on how many inputs the layer has; it always has one output."""

    def rule(layer: LayerView) -> str | None:
        """The layer has the inputs its operator is defined for, and one output."""
        if not least <= layer.input_count <= (most or least):
            return f"it has {layer.input_count} inputs"
        return None if len(layer.operator.outputs) == 1 else f"it has {len(layer.operator.outputs)} outputs"

    return rule


def _not_int8(tensor: Tensor) -> str | None:
    return _unfit(tensor, "INT8", range(-128, 128))


def _not_int16(tensor: Tensor) -> str | None:
    return _unfit(tensor, "INT16", range(1))


def _unfit(tensor: Tensor, dtype: str, zero_points: range) -> str | None:
    if tensor.dtype != dtype:
        return f"tensor {tensor.name!r} is {tensor.dtype}, not {dtype}"
    if tensor.quantisation is None:
        return f"tensor {tensor.name!r} is not quantised"
    if tensor.quantisation.per_channel:
        return f"activation {tensor.name!r} is quantised per channel"
    if tensor.quantisation.zero_point not in zero_points:
        return f"tensor {tensor.name!r} has the zero point {tensor.quantisation.zero_point}"
    if not 0 < tensor.elements <= MAX_ACTIVATION_VALUES:
        return f"tensor {tensor.name!r} has {tensor.elements} values"
    return None


def int8_activations(*positions: int) -> Rule:
    """A rule on the inputs at `positions` (the first, when none are given) and on all outputs."""

    def rule(layer: LayerView) -> str | None:
        """Activations are int8 with one scale and one int8 zero point a tensor, and not empty."""
        outputs = [layer.output(position) for position in range(len(layer.operator.outputs))]
        tensors = [*(layer.input(position) for position in positions or (0,)), *outputs]
        return next((reason for reason in map(_not_int8, tensors) if reason), None)

    return rule


def activations(*positions: int) -> Rule:
    """The same rule for operators that also have a form on int16 activations."""

    def rule(layer: LayerView) -> str | None:
        """Activations are all int8, or all int16 with zero point 0; one scale a tensor, and not empty."""
        outputs = [layer.output(position) for position in range(len(layer.operator.outputs))]
        tensors = [*(layer.input(position) for position in positions or (0,)), *outputs]
        unfit = _not_int16 if outputs[0].dtype == "INT16" else _not_int8
        return next((reason for reason in map(unfit, tensors) if reason), None)

    return rule


def unfit_activation(tensor: Tensor) -> str | None:
    """Why a tensor is no activation, of either type; None where it is one."""
    return _not_int16(tensor) if tensor.dtype == "INT16" else _not_int8(tensor)


def input_is_no_constant(layer: LayerView) -> str | None:
    """The input is computed at run time; constants are expected to have been folded by the converter."""
    return f"its input {layer.input().name!r} is a constant" if layer.input().is_constant else None


def four_axes(layer: LayerView) -> str | None:
    """Images are [batch, height, width, channels]."""
    for tensor in (layer.input(), layer.output()):
        if len(tensor.shape) != 4:
            return f"tensor {tensor.name!r} has {len(tensor.shape)} axes, not 4"
    return None


def fused_activation(layer: LayerView) -> str | None:
    """A fused activation is NONE, RELU, RELU6 or RELU_N1_TO_1, and its limit fits 32 bits in output steps."""
    activation = layer.text("fused_activation_function")
    if activation not in FUSED_ACTIVATIONS:
        return f"the fused activation {activation}"
    limit = {"RELU6": 6.0, "RELU_N1_TO_1": 1.0}.get(activation, 0.0)
    return limit_fits(limit, layer.output())


def limit_fits(limit: float, tensor: Tensor) -> str | None:
    """Why `limit` is too many steps of the tensor's scale, or None."""
    scale = quantisation(tensor).scale
    return None if limit / scale < _MAX_STEPS else f"{limit:g} is too much for the scale {scale:g}"


def same_quantisation(layer: LayerView) -> str | None:
    """Input and output have one quantisation (scales within 1e-6, as in the reference)."""
    a, b = quantisation(layer.input()), quantisation(layer.output())
    if abs(a.scale - b.scale) > 1e-6 or a.zero_point != b.zero_point:
        return "input and output differ in scale or zero point"
    return None


def same_element_count(layer: LayerView) -> str | None:
    """Input and output have the same number of values."""
    a, b = layer.input().elements, layer.output().elements
    return None if a == b else f"its input has {a} values and its output {b}"


def same_shape(layer: LayerView) -> str | None:
    """Input and output have the same shape."""
    a, b = layer.input().shape, layer.output().shape
    return None if a == b else f"its input has the shape {a} and its output {b}"

"""FULLY_CONNECTED: weights quantised per tensor or per output, with or without a bias."""

from __future__ import annotations

from toolchain.compile.layer_view import LayerView, quantisation, values
from toolchain.compile.lowering import (
    ConstantPool,
    Lowering,
    OperatorSupport,
    Parameters,
    PendingCall,
    TensorPlace,
)
from toolchain.compile.requantise import Multiplier, fully_connected_scale, quantise_multiplier
from toolchain.compile.rules import (
    fused_activation,
    input_is_no_constant,
    inputs_and_outputs,
    int8_activations,
)
from toolchain.compile.weights import (
    accumulator_overflow,
    constant_int8_weights,
    constant_int32_bias,
    convolution_multipliers,
    output_stage,
    pack,
    too_large_multiplier,
)


def weight_shape(layer: LayerView) -> str | None:
    """Weights are [outputs, inputs] in the default format, and shapes agree with them."""
    if layer.text("weights_format") != "DEFAULT":
        return f"its weights have the format {layer.text('weights_format')}"
    shape = layer.input(1).shape
    if len(shape) != 2:
        return f"its weights have {len(shape)} axes, not 2"
    outputs, inputs = shape
    output = layer.output()
    if not output.shape or output.shape[-1] != outputs:
        return f"its output has the shape {output.shape}, where {outputs} outputs follow"
    if layer.input().elements * outputs != output.elements * inputs:
        return f"{layer.input().elements} input values do not divide into rows of {inputs} for {output.shape}"
    return None


def quantised_axis(layer: LayerView) -> str | None:
    """Weights are quantised per tensor, or per output."""
    found = quantisation(layer.input(1))
    return (
        f"its weights are quantised along axis {found.axis}"
        if found.per_channel and found.axis != 0
        else None
    )


def bias_scale(layer: LayerView) -> str | None:
    """With one scale for all weights, the bias's is input * weights (within 2 % of an output step)."""
    bias, weights = layer.optional_input(2), quantisation(layer.input(1))
    if bias is None or weights.per_channel:
        return None
    if bias.quantisation is None:
        return f"its bias {bias.name!r} is not quantised"
    product = quantisation(layer.input()).scale * weights.scale
    difference = abs(product - bias.quantisation.scale)
    if difference / quantisation(layer.output()).scale > 0.02:
        return "the scale of its bias is not that of input times weights"
    return None


def multiplier_range(layer: LayerView) -> str | None:
    """No rescaling by 2**30 or more: the reference's arithmetic is undefined there."""
    return too_large_multiplier(_multipliers(layer))


def accumulator_range(layer: LayerView) -> str | None:
    """No input can take the 32-bit accumulator over its limit."""
    return accumulator_overflow(layer, channel_axis=0)


def _multipliers(layer: LayerView) -> list[Multiplier]:
    weights = quantisation(layer.input(1))
    if weights.per_channel:
        return convolution_multipliers(layer)
    scale = fully_connected_scale(
        quantisation(layer.input()).scale, weights.scale, quantisation(layer.output()).scale
    )
    return [quantise_multiplier(scale)]


def lower(layer: LayerView, pool: ConstantPool) -> Lowering:
    """One kernel call, weights as the file has them."""
    rows = values(layer.input(1))
    outputs, inputs = rows.shape
    parameters: Parameters = {
        "rows": layer.output().elements // outputs,
        "input_channels": inputs,
        "output_channels": outputs,
        **output_stage(layer),
        **pack(layer, pool, _multipliers(layer), rows),
    }
    places = TensorPlace(layer.input().index), TensorPlace(layer.output().index)
    macs = layer.output().elements * inputs
    return Lowering((PendingCall("fully_connected_s8", parameters, places),), macs)


FULLY_CONNECTED = OperatorSupport(
    "FULLY_CONNECTED",
    (
        inputs_and_outputs(2, 3),
        int8_activations(),
        input_is_no_constant,
        fused_activation,
        constant_int8_weights,
        constant_int32_bias,
        weight_shape,
        quantised_axis,
        bias_scale,
        multiplier_range,
        accumulator_range,
    ),
    lower,
)

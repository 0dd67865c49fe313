"""FULLY_CONNECTED: weights quantised per tensor or per output, with or without a bias."""

from __future__ import annotations

from toolchain.compile.accumulators import (
    constant_bias,
    multipliers_in_range,
    stage_and_constants,
    sums_in_range,
)
from toolchain.compile.activation_types import kernel_for, place_of
from toolchain.compile.forms.conv_2d_blocks import FULLY_CONNECTED_BLOCKS
from toolchain.compile.forms.conv_2d_byte_pairs import FULLY_CONNECTED_ROWS_BYTE_PAIRS
from toolchain.compile.forms.conv_2d_sparse import FULLY_CONNECTED_ROWS_SPARSE
from toolchain.compile.forms.conv_2d_sparse_blocks import FULLY_CONNECTED_ROWS_SPARSE_BLOCKS
from toolchain.compile.forms.conv_2d_sparse_without_dsp import FULLY_CONNECTED_SPARSE_WITHOUT_DSP
from toolchain.compile.forms.fully_connected_by_eight import FULLY_CONNECTED_BY_EIGHT
from toolchain.compile.forms.fully_connected_byte_pairs import (
    FULLY_CONNECTED_BYTE_PAIRS,
    FULLY_CONNECTED_WIDENED_BYTE_PAIRS,
)
from toolchain.compile.forms.fully_connected_sparse import FULLY_CONNECTED_SPARSE
from toolchain.compile.forms.fully_connected_sparse_blocks import FULLY_CONNECTED_SPARSE_BLOCKS
from toolchain.compile.layer_view import LayerView, quantisation, values
from toolchain.compile.lowering import (
    ConstantPool,
    Lowering,
    OperatorSupport,
    Parameters,
    PendingCall,
)
from toolchain.compile.rules import (
    activations,
    fused_activation,
    input_is_no_constant,
    inputs_and_outputs,
)
from toolchain.compile.weights import constant_int8_weights, convolution_multipliers


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


def lower(layer: LayerView, pool: ConstantPool) -> Lowering:
    """One kernel call, weights as the file has them."""
    rows = values(layer.input(1))
    outputs, inputs = rows.shape
    parameters: Parameters = {
        "rows": layer.output().elements // outputs,
        "input_channels": inputs,
        "output_channels": outputs,
        **stage_and_constants(layer, pool, convolution_multipliers(layer), rows),
    }
    places = place_of(layer.input()), place_of(layer.output())
    macs = layer.output().elements * inputs
    return Lowering((PendingCall(kernel_for(layer, "fully_connected"), parameters, places),), macs)


FULLY_CONNECTED = OperatorSupport(
    "FULLY_CONNECTED",
    (
        inputs_and_outputs(2, 3),
        activations(),
        input_is_no_constant,
        fused_activation,
        constant_int8_weights,
        constant_bias("INT32", "INT64"),
        weight_shape,
        quantised_axis,
        bias_scale,
        multipliers_in_range(convolution_multipliers),
        sums_in_range(channel_axis=0),
    ),
    lower,
    forms=(
        FULLY_CONNECTED_WIDENED_BYTE_PAIRS,
        FULLY_CONNECTED_BYTE_PAIRS,
        FULLY_CONNECTED_ROWS_BYTE_PAIRS,
        FULLY_CONNECTED_BY_EIGHT,
        FULLY_CONNECTED_BLOCKS,
        FULLY_CONNECTED_SPARSE_BLOCKS,
        FULLY_CONNECTED_ROWS_SPARSE_BLOCKS,
        FULLY_CONNECTED_SPARSE,
        FULLY_CONNECTED_ROWS_SPARSE,
        FULLY_CONNECTED_SPARSE_WITHOUT_DSP,
    ),
)

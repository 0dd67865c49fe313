"""DEPTHWISE_CONV_2D: any multiplier, stride, dilation and padding."""

from __future__ import annotations

from toolchain.compile.accumulators import (
    constant_bias,
    input_parameters,
    multipliers_in_range,
    stage_and_constants,
    sums_in_range,
)
from toolchain.compile.activation_types import kernel_for, place_of
from toolchain.compile.forms.depthwise_3x3 import DEPTHWISE_3X3
from toolchain.compile.forms.depthwise_3x3_columns import DEPTHWISE_3X3_COLUMNS
from toolchain.compile.forms.depthwise_planes import DEPTHWISE_BY_PLANES
from toolchain.compile.layer_view import LayerView, quantisation, values
from toolchain.compile.lowering import (
    ConstantPool,
    Lowering,
    OperatorSupport,
    Parameters,
    PendingCall,
)
from toolchain.compile.overlaps import channel_by_channel, overlap
from toolchain.compile.rules import (
    activations,
    four_axes,
    fused_activation,
    input_is_no_constant,
    inputs_and_outputs,
)
from toolchain.compile.weights import constant_int8_weights, convolution_multipliers
from toolchain.compile.windows import convolution_windows, output_fits, steps_in_range, window_parameters


def bias_listed(layer: LayerView) -> str | None:
    """A missing bias is left out; listed as absent (-1), it ends the reference in a crash."""
    return "its bias is listed as absent (-1)" if layer.operator.inputs[2:] == (-1,) else None


def filter_shape(layer: LayerView) -> str | None:
    """The filter is [1, height, width, input channels * depth multiplier]."""
    shape = layer.input(1).shape
    expected = layer.input().shape[3] * layer.integer("depth_multiplier")
    if len(shape) != 4 or shape[0] != 1 or shape[3] != expected:
        return f"its filter has the shape {shape}, where (1, height, width, {expected}) follows"
    return None


def quantised_axis(layer: LayerView) -> str | None:
    """Weights are quantised per tensor, or per output channel."""
    found = quantisation(layer.input(1))
    return (
        f"its weights are quantised along axis {found.axis}"
        if found.per_channel and found.axis != 3
        else None
    )


def output_shape(layer: LayerView) -> str | None:
    """The output's shape follows from the input's, the filter's and the options."""
    return output_fits(layer, convolution_windows(layer), layer.input(1).shape[3])


def lower(layer: LayerView, pool: ConstantPool) -> Lowering:
    """One kernel call, weights as the file has them."""
    filters = values(layer.input(1))
    rows = filters.reshape(-1, filters.shape[3]).T
    height, width = convolution_windows(layer)
    around = window_parameters(layer, (height, width))
    batches, input_height, input_width, input_channels = layer.input().shape
    constants = stage_and_constants(layer, pool, convolution_multipliers(layer), rows)
    # With int16 activations, the bias's type leaves only the form with 64 bits.
    constants.pop("accumulator_bits", None)
    parameters: Parameters = {
        "batches": batches,
        "input_height": input_height,
        "input_width": input_width,
        "input_channels": input_channels,
        "output_height": height.output,
        "output_width": width.output,
        "depth_multiplier": layer.integer("depth_multiplier"),
        **{key: around[key] for key in ("filter_height", "filter_width", "stride_height", "stride_width")},
        "dilation_height": height.dilation,
        "dilation_width": width.dilation,
        **{key: around[key] for key in ("padding_top", "padding_left")},
        **input_parameters(layer),
        **constants,
    }
    places = place_of(layer.input()), place_of(layer.output())
    macs = layer.output().elements * rows.shape[1]
    ahead = channel_by_channel(input_channels, layer.integer("depth_multiplier"))
    call = PendingCall(kernel_for(layer, "depthwise_conv_2d"), parameters, places)
    return Lowering((call,), macs, overlaps=overlap(layer, (height, width), ahead))


DEPTHWISE_CONV_2D = OperatorSupport(
    "DEPTHWISE_CONV_2D",
    (
        inputs_and_outputs(2, 3),
        activations(),
        input_is_no_constant,
        four_axes,
        fused_activation,
        constant_int8_weights,
        constant_bias("INT64"),
        bias_listed,
        steps_in_range("stride_h", "stride_w", "dilation_h_factor", "dilation_w_factor", "depth_multiplier"),
        filter_shape,
        quantised_axis,
        output_shape,
        multipliers_in_range(convolution_multipliers),
        sums_in_range(channel_axis=3),
    ),
    lower,
    forms=(DEPTHWISE_3X3, DEPTHWISE_BY_PLANES, DEPTHWISE_3X3_COLUMNS),
)

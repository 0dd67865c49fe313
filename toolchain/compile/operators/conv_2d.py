"""CONV_2D: any stride, dilation, padding and number of groups."""

from __future__ import annotations

from toolchain.compile.accumulators import (
    constant_bias,
    input_parameters,
    multipliers_in_range,
    stage_and_constants,
    sums_in_range,
)
from toolchain.compile.activation_types import activation_type, kernel_for, place_of
from toolchain.compile.forms.conv_2d_blocks import CONV_2D_BLOCKS
from toolchain.compile.forms.conv_2d_byte_pairs import CONV_2D_BYTE_PAIRS
from toolchain.compile.forms.conv_2d_sparse import CONV_2D_SPARSE
from toolchain.compile.forms.conv_2d_sparse_blocks import CONV_2D_SPARSE_BLOCKS
from toolchain.compile.forms.conv_2d_sparse_without_dsp import CONV_2D_SPARSE_WITHOUT_DSP
from toolchain.compile.forms.winograd_2x2 import WINOGRAD_2X2
from toolchain.compile.forms.winograd_4x4 import WINOGRAD_4X4
from toolchain.compile.layer_view import LayerView, quantisation, values
from toolchain.compile.lowering import (
    ConstantPool,
    Lowering,
    OperatorSupport,
    Parameters,
    PendingCall,
    ScratchPlace,
)
from toolchain.compile.overlaps import overlap, patch_at_once, row_for_every_channel
from toolchain.compile.rules import (
    activations,
    four_axes,
    fused_activation,
    input_is_no_constant,
    inputs_and_outputs,
)
from toolchain.compile.weights import constant_int8_weights, convolution_multipliers
from toolchain.compile.windows import convolution_windows, output_fits, steps_in_range, window_parameters
from toolchain.vocabulary.graph import ITEM_BYTES


def filter_shape(layer: LayerView) -> str | None:
    """The filter is [output channels, height, width, input channels / groups]."""
    shape = layer.input(1).shape
    if len(shape) != 4:
        return f"its filter has {len(shape)} axes, not 4"
    channels = layer.input().shape[3]
    if channels % shape[3] != 0:
        return f"{channels} input channels are no multiple of the filter's {shape[3]}"
    groups = channels // shape[3]
    return (
        None if shape[0] % groups == 0 else f"{shape[0]} output channels do not divide into {groups} groups"
    )


def quantised_axis(layer: LayerView) -> str | None:
    """Weights are quantised per tensor, or per output channel."""
    found = quantisation(layer.input(1))
    return (
        f"its weights are quantised along axis {found.axis}"
        if found.per_channel and found.axis != 0
        else None
    )


def output_shape(layer: LayerView) -> str | None:
    """The output's shape follows from the input's, the filter's and the options."""
    return output_fits(layer, convolution_windows(layer), layer.input(1).shape[0])


def lower(layer: LayerView, pool: ConstantPool) -> Lowering:
    """A 1x1 filter at stride 1 is a fully connected layer over the pixels; all else goes patch by patch."""
    filters = values(layer.input(1))
    rows = filters.reshape(filters.shape[0], -1)
    constants = stage_and_constants(layer, pool, convolution_multipliers(layer), rows)
    macs = layer.output().elements * rows.shape[1]
    height, width = convolution_windows(layer)
    batches, input_height, input_width, input_channels = layer.input().shape
    _, output_height, output_width, output_channels = layer.output().shape
    groups = input_channels // filters.shape[3]
    places = place_of(layer.input()), place_of(layer.output())
    if height.filter == width.filter == height.stride == width.stride == groups == 1:
        pointwise: Parameters = {
            "rows": batches * output_height * output_width,
            "input_channels": input_channels,
            "output_channels": output_channels,
            **constants,
        }
        ahead = row_for_every_channel(output_channels)
        call = PendingCall(kernel_for(layer, "fully_connected"), pointwise, places)
        return Lowering((call,), macs, overlaps=overlap(layer, (height, width), ahead))
    around = window_parameters(layer, (height, width))
    parameters: Parameters = {
        "batches": batches,
        "input_height": input_height,
        "input_width": input_width,
        "input_channels": input_channels,
        "output_height": output_height,
        "output_width": output_width,
        "output_channels": output_channels,
        **{key: around[key] for key in ("filter_height", "filter_width", "stride_height", "stride_width")},
        "dilation_height": height.dilation,
        "dilation_width": width.dilation,
        **{key: around[key] for key in ("padding_top", "padding_left")},
        "groups": groups,
        **input_parameters(layer),
        **constants,
    }
    patch = ScratchPlace(c_type=activation_type(layer.input()).c_type)
    call = PendingCall(kernel_for(layer, "conv_2d"), parameters, (*places, patch))
    ahead = patch_at_once(groups, input_channels, output_channels)
    return Lowering(
        (call,),
        macs,
        scratch_bytes=rows.shape[1] * ITEM_BYTES[layer.input().dtype],
        overlaps=overlap(layer, (height, width), ahead),
    )


CONV_2D = OperatorSupport(
    "CONV_2D",
    (
        inputs_and_outputs(2, 3),
        activations(),
        input_is_no_constant,
        four_axes,
        fused_activation,
        constant_int8_weights,
        constant_bias("INT32", "INT64"),
        filter_shape,
        quantised_axis,
        steps_in_range("stride_h", "stride_w", "dilation_h_factor", "dilation_w_factor"),
        output_shape,
        multipliers_in_range(convolution_multipliers),
        sums_in_range(channel_axis=0),
    ),
    lower,
    forms=(
        CONV_2D_BYTE_PAIRS,
        WINOGRAD_2X2,
        WINOGRAD_4X4,
        CONV_2D_BLOCKS,
        CONV_2D_SPARSE_BLOCKS,
        CONV_2D_SPARSE,
        CONV_2D_SPARSE_WITHOUT_DSP,
    ),
)

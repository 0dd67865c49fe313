"""TRANSPOSE_CONV: any stride and padding, weights quantised per tensor or per output channel."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from toolchain.compile.accumulators import (
    constant_bias,
    input_parameters,
    multipliers_in_range,
    output_stage_s16,
    pack_s16,
    sums_in_range,
)
from toolchain.compile.activation_types import activation_type, is_int16, kernel_for, place_of
from toolchain.compile.layer_view import LayerView, quantisation, values
from toolchain.compile.lowering import (
    ConstantPool,
    Lowering,
    OperatorSupport,
    Parameters,
    PendingCall,
    Rule,
    ScratchPlace,
)
from toolchain.compile.rules import (
    activations,
    four_axes,
    fused_activation,
    input_is_no_constant,
    inputs_and_outputs,
)
from toolchain.compile.weights import (
    constant_int8_weights,
    convolution_multipliers,
    folded_bias,
    output_stage,
    pack_as,
)
from toolchain.compile.windows import MAX_REACH, MAX_STEP, place, steps_in_range
from toolchain.vocabulary.graph import ITEM_BYTES

_MOST_PHASES = 1024


def _as_convolution(layer: LayerView) -> LayerView:
    """The same layer with its inputs where CONV_2D has them: image, weights, bias."""
    inputs = layer.operator.inputs
    ordered = (inputs[2], inputs[1], *inputs[3:])
    # The reference's sums have 64 bits with int16 activations, whatever is declared.
    options = {name: value for name, value in layer.operator.options.items() if name != "quantized_bias_type"}
    return replace(layer, operator=replace(layer.operator, inputs=ordered, options=options))


def _of_convolution(rule: Rule) -> Rule:
    """A rule that is asked about the layer as `_as_convolution` has it."""

    def asked(layer: LayerView) -> str | None:
        return rule(_as_convolution(layer))

    asked.__doc__ = rule.__doc__
    return asked


def constant_output_shape(layer: LayerView) -> str | None:
    """The first input is the output's shape, an int32 constant."""
    given, actual = layer.input(0), layer.output().shape
    if not given.is_constant or given.dtype != "INT32":
        return "the shape of its output is no int32 constant"
    wanted = tuple(int(extent) for extent in values(given).reshape(-1))
    return None if wanted == actual else f"its output has the shape {actual}, where {wanted} is asked for"


def shapes(layer: LayerView) -> str | None:
    """The filter is [output channels, height, width, input channels], at most 4096 high and wide."""
    shape = layer.input(1).shape
    image, output = layer.input(2).shape, layer.output().shape
    if len(shape) != 4 or max(shape[1:3]) > MAX_STEP:
        return f"its filter has the shape {shape}"
    if (image[0], image[3], output[3]) != (output[0], shape[3], shape[0]):
        return f"its filter has the shape {shape}, where {image} becomes {output}"
    if max(*image[1:3], *output[1:3]) > MAX_REACH:
        return f"images of more than {MAX_REACH} values a side"
    return None


def few_phases(layer: LayerView) -> str | None:
    """Stride height times stride width is at most 1024: each of these phases is a convolution of its own."""
    phases = layer.integer("stride_h") * layer.integer("stride_w")
    return None if phases <= _MOST_PHASES else f"its strides make {phases} phases"


def quantised_axis(layer: LayerView) -> str | None:
    """Weights are quantised per tensor, or per output channel."""
    found = quantisation(layer.input(1))
    along = found.axis if found.per_channel else 0
    return None if along == 0 else f"its weights are quantised along axis {along}"


@dataclass(frozen=True, slots=True)
class _Axis:
    """One axis.  Its phases are the outputs that meet the same taps: every `stride`-th of them."""

    taps: int
    stride: int
    before: int

    def phase(self, first: int) -> list[int]:
        """The taps that phase `first` meets, in the order of the input values they are multiplied with."""
        return list(range(first, self.taps, self.stride))[::-1]

    @property
    def longest(self) -> int:
        """How many taps the phase with most of them has."""
        return -(-self.taps // self.stride)


def _axes(layer: LayerView) -> tuple[_Axis, _Axis]:
    """Height and width.  Padding is that of the convolution from the output to the input."""
    padding, output, taps = layer.text("padding"), layer.output().shape, layer.input(1).shape
    strides = layer.integer("stride_h"), layer.integer("stride_w")
    height, width = (
        _Axis(taps[i + 1], strides[i], place(padding, output[i + 1], taps[i + 1], strides[i], 1).before)
        for i in (0, 1)
    )
    return height, width


def _by_phase(
    layer: LayerView, height: _Axis, width: _Axis
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Weights and biases, phase after phase, each a small convolution's: [channels][height][width][depth]."""
    filters = values(layer.input(1))
    weights: list[npt.NDArray[np.int64]] = []
    biases: list[npt.NDArray[np.int64]] = []
    for y in range(height.stride):
        for x in range(width.stride):
            part = filters[:, height.phase(y)][:, :, width.phase(x)]
            rows = part.reshape(part.shape[0], -1)
            weights.append(rows.reshape(-1))
            biases.append(folded_bias(layer, rows))
    return np.concatenate(weights), np.concatenate(biases)


def lower(layer: LayerView, pool: ConstantPool) -> Lowering:
    """One small convolution for each phase of the stride: all that reaches an output is gathered at once.

    Scratch holds one output pixel's view of the image; accumulators for the whole output are not needed.
    """
    layer = _as_convolution(layer)
    height, width = _axes(layer)
    batches, input_height, input_width, input_channels = layer.input().shape
    _, output_height, output_width, output_channels = layer.output().shape
    weights, bias = _by_phase(layer, height, width)
    multipliers = convolution_multipliers(layer)
    if is_int16(layer):
        # Zero point 0 leaves all phases the same bias.
        constants = {
            **output_stage_s16(layer),
            **pack_s16(layer, pool, multipliers, weights, bias[:output_channels]),
        }
    else:
        constants = {**output_stage(layer), **pack_as(layer, pool, multipliers, weights, bias)}
    parameters: Parameters = {
        "batches": batches,
        "input_height": input_height,
        "input_width": input_width,
        "input_channels": input_channels,
        "output_height": output_height,
        "output_width": output_width,
        "output_channels": output_channels,
        "filter_height": height.taps,
        "filter_width": width.taps,
        "stride_height": height.stride,
        "stride_width": width.stride,
        "padding_top": height.before,
        "padding_left": width.before,
        **input_parameters(layer),
        **constants,
    }
    patch = ScratchPlace(c_type=activation_type(layer.input()).c_type)
    places = place_of(layer.input()), place_of(layer.output()), patch
    return Lowering(
        (PendingCall(kernel_for(layer, "transpose_conv"), parameters, places),),
        macs=layer.input().elements * height.taps * width.taps * output_channels,
        scratch_bytes=height.longest * width.longest * input_channels * ITEM_BYTES[layer.input().dtype],
    )


TRANSPOSE_CONV = OperatorSupport(
    "TRANSPOSE_CONV",
    (
        inputs_and_outputs(3, 4),
        activations(2),
        *(_of_convolution(rule) for rule in (input_is_no_constant, four_axes)),
        fused_activation,
        constant_output_shape,
        *(_of_convolution(rule) for rule in (constant_int8_weights, constant_bias("INT16", "INT64"))),
        steps_in_range("stride_h", "stride_w"),
        shapes,
        few_phases,
        quantised_axis,
        _of_convolution(multipliers_in_range(convolution_multipliers)),
        _of_convolution(sums_in_range(channel_axis=0)),
    ),
    lower,
)

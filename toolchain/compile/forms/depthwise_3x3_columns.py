"""DEPTHWISE_CONV_2D with a 3x3 filter on cores that multiply but have no DSP instructions, by columns."""

from __future__ import annotations

import numpy as np

from toolchain.compile.core_features import Target
from toolchain.compile.layer_view import LayerView, quantisation, values
from toolchain.compile.lowering import (
    Candidate,
    ConstantPool,
    KernelForm,
    Lowering,
    Overlap,
    Parameters,
    PendingCall,
    ScratchPlace,
    TensorPlace,
)
from toolchain.compile.requantise_forms import sums_of
from toolchain.compile.short_stage import ShortStage, refusal, short_stage
from toolchain.compile.weights import convolution_multipliers, folded_bias
from toolchain.compile.windows import convolution_windows

_FILTER = 3
# Estimated cycles of an output, of a value of the plane.
_OUTPUT_CYCLES, _VALUE_CYCLES = 35, 7
# Where tensors share memory in part, scratch often comes on top: of the largest layer's tensors, so much may.
_SCRATCH = 1 / 16


def propose(layer: LayerView, target: Target) -> Candidate | str:
    """For one output a channel, stride 1 or 2, no dilation."""
    refused = refusal(layer, target) or _refusal(layer)
    if refused is not None:
        return refused
    filters = values(layer.input(1))
    rows = filters.reshape(-1, filters.shape[3]).T
    # The kernel's values are 128 more, which the bias makes up for.
    sums = sums_of(rows, folded_bias(layer, rows) - 128 * rows.sum(axis=1), 0, 255)
    stage = short_stage(layer, target, sums, convolution_multipliers(layer))
    if isinstance(stage, str):
        return stage
    found, channels = stage, filters.shape[3]
    cycles = layer.output().elements * _OUTPUT_CYCLES
    cycles += layer.input().shape[0] * channels * _plane_bytes(layer) * _VALUE_CYCLES
    planes = 4 if channels % 4 == 0 and target.optimise_for == "speed" and _have_room(4, layer) else 1
    return Candidate(cycles, stage.why, lambda pool: _lower(layer, found, planes, pool))


def _refusal(layer: LayerView) -> str | None:
    height, width = convolution_windows(layer)
    if (height.filter, width.filter) != (_FILTER, _FILTER) or (height.stride, width.stride) not in (
        (1, 1),
        (2, 2),
    ):
        return "its filter is not 3x3 at stride 1 or 2"
    if (height.dilation, width.dilation) != (1, 1):
        return "it is dilated"
    return "it has several outputs a channel" if layer.integer("depth_multiplier") != 1 else None


def _plane_bytes(layer: LayerView) -> int:
    height, width = convolution_windows(layer)
    rows, columns = ((w.output - 1) * w.stride + _FILTER for w in (height, width))
    return rows * columns


def _have_room(planes: int, layer: LayerView) -> bool:
    """Whether so many planes take little memory beside what some layer needs for its tensors."""
    tensors = layer.graph.tensors
    needs = (
        sum(tensors[i].bytes for i in {*op.inputs, *op.outputs} if i >= 0 and tensors[i].data is None)
        for op in layer.graph.operators
    )
    return planes * _plane_bytes(layer) <= _SCRATCH * max(needs)


def _lower(layer: LayerView, stage: ShortStage, planes: int, pool: ConstantPool) -> Lowering:
    height, width = convolution_windows(layer)
    source, output = layer.input(), layer.output()
    batches, input_height, input_width, channels = source.shape
    # (filter row, filter column, channel) to (channel, column, row).
    filters = np.where(stage.live, values(layer.input(1))[0], 0).transpose(2, 1, 0)
    parameters: Parameters = {
        "batches": batches,
        "input_height": input_height,
        "input_width": input_width,
        "channels": channels,
        "output_height": height.output,
        "output_width": width.output,
        "stride": height.stride,
        "padding_top": height.before,
        "padding_left": width.before,
        "input_zero_point": quantisation(source).zero_point,
        "planes": planes,
        "weights": pool.add(
            f"{layer.operator.index}_weights",
            "int8_t",
            filters.astype(np.int8),
            role="weights",
            comment=f"{layer.name}, column after column",
        ),
        **stage.parameters(layer, pool),
    }
    places = TensorPlace(source.index), TensorPlace(output.index), ScratchPlace(c_type="uint8_t")
    return Lowering(
        (PendingCall("depthwise_3x3_s8_by_four", parameters, places),),
        output.elements * _FILTER**2,
        scratch_bytes=planes * _plane_bytes(layer),
        # A channel is read into its plane before any of its outputs is written, which lie where it lay.
        overlaps=(Overlap(output.index, source.index, 0),) if output.bytes <= source.bytes else (),
    )


DEPTHWISE_3X3_COLUMNS = KernelForm("3x3 by columns", propose)

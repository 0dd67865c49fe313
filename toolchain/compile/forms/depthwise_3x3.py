"""DEPTHWISE_CONV_2D with a 3x3 filter on cores with DSP: channel by channel, out of planes of its own."""

from __future__ import annotations

from dataclasses import dataclass

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
from toolchain.compile.saturated_form import Saturated, saturated_form
from toolchain.compile.weights import convolution_multipliers, folded_bias, output_stage
from toolchain.compile.windows import convolution_windows

_FILTER = 3
# Of a column of the filter, as the kernels unpack it: the pairs of rows (0, 1) and (1, 2) lie two apart.
_ROW_ORDER = (0, 1, 1, 2)
# Estimated cycles of a word of a plane, of two by two outputs, of one output at stride 2, of a channel.
_WORD_CYCLES, _BLOCK_CYCLES, _STRIDE_2_CYCLES, _CHANNEL_CYCLES = 5, 66, 20, 120
# For speed, so much may the arena grow.
_HARDLY_MORE = 1.1


@dataclass(frozen=True, slots=True)
class _Shape:
    """How large one plane is (pairs of rows, words a row), and what the layer costs."""

    pairs: int
    columns: int
    cycles: float


def propose(layer: LayerView, target: Target) -> Candidate | str:
    """For one output a channel, stride 1 or 2, no dilation."""
    refusal = _refusal(layer, target)
    if refusal is not None:
        return refusal
    filters = values(layer.input(1))
    rows = filters.reshape(-1, filters.shape[3]).T
    limits = output_stage(layer)
    zero_point, low, high = (limits[key] for key in ("output_zero_point", "activation_min", "activation_max"))
    assert isinstance(zero_point, int)
    assert isinstance(low, int)
    assert isinstance(high, int)
    sums = sums_of(rows, folded_bias(layer, rows))
    stage = saturated_form(sums, convolution_multipliers(layer), zero_point, low, high)
    if isinstance(stage, str):
        return stage
    shape = _shape(layer)
    planes = next((n for n in (4, 2) if target.optimise_for == "speed" and _have_room(n, layer, shape)), 1)
    why = "one rounding proven right for every sum, saturation the only clamp"
    return Candidate(shape.cycles, why, lambda pool: _lower(layer, stage, shape, planes, pool))


def _refusal(layer: LayerView, target: Target) -> str | None:
    height, width = convolution_windows(layer)
    if "dsp" not in target.features:
        return "the core has no DSP instructions"
    if target.optimise_for == "size":
        return "it takes more code"
    if layer.output().dtype != "INT8":
        return "activations are int16"
    if (height.filter, width.filter) != (_FILTER, _FILTER) or (height.stride, width.stride) not in (
        (1, 1),
        (2, 2),
    ):
        return "its filter is not 3x3 at stride 1 or 2"
    if (height.dilation, width.dilation) != (1, 1):
        return "it is dilated"
    return "it has several outputs a channel" if layer.integer("depth_multiplier") != 1 else None


def _shape(layer: LayerView) -> _Shape:
    height, width = convolution_windows(layer)
    batches, channels = layer.output().shape[0], layer.output().shape[3]
    if height.stride == 1:
        pairs, columns = -(-height.output // 2) + 1, width.output + 2
        products = (pairs - 1) * -(-width.output // 2) * _BLOCK_CYCLES
    else:
        pairs, columns = height.output + 1, 2 * width.output + 1
        products = height.output * width.output * _STRIDE_2_CYCLES
    a_channel = products + pairs * columns * _WORD_CYCLES + _CHANNEL_CYCLES
    return _Shape(pairs, columns, batches * channels * a_channel)


def _have_room(planes: int, layer: LayerView, shape: _Shape) -> bool:
    """Whether so many planes take hardly more memory than some layer needs for its tensors alone."""
    tensors = layer.graph.tensors
    needs = (
        sum(tensors[i].bytes for i in {*op.inputs, *op.outputs} if i >= 0 and tensors[i].data is None)
        for op in layer.graph.operators
    )
    source, output = layer.input(), layer.output()
    own = source.bytes + (0 if source.shape == output.shape else output.bytes)
    return own + 4 * planes * shape.pairs * shape.columns <= _HARDLY_MORE * max(needs)


def _lower(layer: LayerView, stage: Saturated, shape: _Shape, planes: int, pool: ConstantPool) -> Lowering:
    height, width = convolution_windows(layer)
    source, output = layer.input(), layer.output()
    batches, input_height, input_width, channels = source.shape
    parameters: Parameters = {
        "batches": batches,
        "input_height": input_height,
        "input_width": input_width,
        "channels": channels,
        "output_height": height.output,
        "output_width": width.output,
        "padding_top": height.before,
        "padding_left": width.before,
        "input_zero_point": quantisation(source).zero_point,
        "planes": planes,
        "zero": stage.zero,
        **_constants(layer, stage, pool),
    }
    kernel = "depthwise_3x3_s8_dsp" if height.stride == 1 else "depthwise_3x3_stride_2_s8_dsp"
    places = TensorPlace(source.index), TensorPlace(output.index), ScratchPlace(c_type="uint32_t")
    return Lowering(
        (PendingCall(kernel, parameters, places),),
        output.elements * _FILTER**2,
        scratch_bytes=4 * planes * shape.pairs * shape.columns,
        # A channel is read into its planes before any of its outputs is written, which lie where it lay.
        overlaps=(Overlap(output.index, source.index, 0),) if output.bytes <= source.bytes else (),
    )


def _constants(layer: LayerView, stage: Saturated, pool: ConstantPool) -> Parameters:
    number, name = layer.operator.index, layer.name
    filters = np.where(stage.live, values(layer.input(1))[0], 0)
    # (filter row, filter column, channel) to (channel, filter column, row).
    packed = filters.transpose(2, 1, 0)[:, :, _ROW_ORDER]

    return {
        "weights": pool.add(
            f"{number}_weights",
            "int8_t",
            packed.astype(np.int8),
            role="weights",
            comment=f"{name}, columns of rows 0, 1, 1, 2",
        ),
        "bias": pool.add(
            f"{number}_bias",
            "int32_t",
            stage.bias.astype(np.int32),
            role="weights",
            comment=f"{name}, saturated",
        ),
        "multiplier": pool.add(
            f"{number}_multiplier", "int32_t", stage.multiplier.astype(np.int32), role="table", comment=name
        ),
    }


DEPTHWISE_3X3 = KernelForm("3x3 by planes", propose)

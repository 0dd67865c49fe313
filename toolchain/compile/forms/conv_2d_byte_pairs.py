"""CONV_2D on cores with DSP: the taps of two pixels are widened once and serve all output channels."""

from __future__ import annotations

from toolchain.compile.byte_pairs import BytePairs, byte_pairs, pair_constants, pair_cycles
from toolchain.compile.core_features import Target
from toolchain.compile.layer_view import LayerView, quantisation, values
from toolchain.compile.lowering import (
    Candidate,
    ConstantPool,
    KernelForm,
    Lowering,
    Parameters,
    PendingCall,
    ScratchPlace,
    TensorPlace,
)
from toolchain.compile.weights import convolution_multipliers
from toolchain.compile.windows import convolution_windows, window_parameters

_WIDENING_CYCLES = 12  # a group of one pixel


def propose(layer: LayerView, target: Target) -> Candidate | str:
    """For any CONV_2D of one group."""
    filters = values(layer.input(1))
    if layer.input().shape[3] != filters.shape[3]:
        return "it has groups"
    found = byte_pairs(layer, target, convolution_multipliers(layer), filters.reshape(filters.shape[0], -1))
    if isinstance(found, str):
        return found
    pairs = found
    pixels = layer.output().elements // len(pairs.rows)
    cycles = pair_cycles(pixels, pairs.groups, pairs.blocks) + pixels * (
        pairs.groups * _WIDENING_CYCLES + 20 * (1 + filters.shape[1])
    )
    return Candidate(cycles, pairs.why, lambda pool: _lower(layer, pairs, pool))


def _lower(layer: LayerView, pairs: BytePairs, pool: ConstantPool) -> Lowering:
    height, width = convolution_windows(layer)
    batches, input_height, input_width, input_channels = layer.input().shape
    around = window_parameters(layer, (height, width))
    parameters: Parameters = {
        "batches": batches,
        "input_height": input_height,
        "input_width": input_width,
        "input_channels": input_channels,
        "output_height": height.output,
        "output_width": width.output,
        "output_channels": len(pairs.rows),
        **{key: around[key] for key in ("filter_height", "filter_width", "stride_height", "stride_width")},
        "dilation_height": height.dilation,
        "dilation_width": width.dilation,
        **{key: around[key] for key in ("padding_top", "padding_left")},
        "input_zero_point": quantisation(layer.input()).zero_point,
        **pair_constants(layer, pool, pairs),
    }
    pixels, patch = 16 * pairs.groups, 4 * pairs.groups if input_channels % 4 else 0
    places = TensorPlace(layer.input().index), TensorPlace(layer.output().index)
    scratch = ScratchPlace(c_type="uint32_t"), ScratchPlace(pixels if patch else 0)
    call = PendingCall("conv_2d_s8_dsp", parameters, (*places, *scratch))
    return Lowering((call,), layer.output().elements * pairs.rows.shape[1], scratch_bytes=pixels + patch)


CONV_2D_BYTE_PAIRS = KernelForm("byte pairs", propose)

"""CONV_2D on cores with DSP: the taps of two pixels are widened once and serve all output channels.

FULLY_CONNECTED over several rows is a convolution with a filter of one tap, each row a pixel.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from toolchain.compile.byte_pair_blocks import block_constants, block_cycles, block_instructions, blocks_form
from toolchain.compile.byte_pairs import BLOCK_CHANNELS, GROUP_TAPS, BytePairs, byte_pairs, overlapping
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
from toolchain.compile.overlaps import overlap
from toolchain.compile.requantise_forms import Integers
from toolchain.compile.weights import convolution_multipliers
from toolchain.compile.windows import Window, convolution_windows

_WIDENING_CYCLES, _WIDENING_INSTRUCTIONS = 9, 5  # of a group of one pixel
_ONE_TAP = Window(filter=1, stride=1, dilation=1, before=0, output=1)


def propose_for_conv_2d(layer: LayerView, target: Target) -> Candidate | str:
    """For any CONV_2D of one group whose filter's columns are neighbours."""
    filters = values(layer.input(1))
    height, width = convolution_windows(layer)
    if layer.input().shape[3] != filters.shape[3]:
        return "it has groups"
    if width.dilation != 1:
        return "its filter is dilated along the width"
    rows = filters.reshape(filters.shape[0], -1)
    found = byte_pairs(layer, target, convolution_multipliers(layer), rows, blocks_form)
    if isinstance(found, str):
        return found
    pairs = replace(found, rows=found.rows[:, _taps(*filters.shape[1:])])
    return _candidate(layer, pairs, layer.input().shape, (height, width))


def propose_for_fully_connected(layer: LayerView, target: Target) -> Candidate | str:
    """For a FULLY_CONNECTED over several rows."""
    weights = values(layer.input(1))
    outputs, inputs = weights.shape
    rows = layer.output().elements // outputs
    if rows == 1:
        return "it has one row"
    found = byte_pairs(layer, target, convolution_multipliers(layer), weights, blocks_form)
    if isinstance(found, str):
        return found
    return _candidate(layer, found, (1, 1, rows, inputs), (_ONE_TAP, replace(_ONE_TAP, output=rows)))


def _taps(height: int, width: int, channels: int) -> Integers:
    """The order in which the kernel reads taps: the whole groups of every row, then the rows' rests."""
    rows = np.arange(height * width * channels).reshape(height, width * channels)
    whole = rows.shape[1] // GROUP_TAPS * GROUP_TAPS
    return np.concatenate([rows[:, :whole].reshape(-1), rows[:, whole:].reshape(-1)])


def _candidate(
    layer: LayerView, pairs: BytePairs, image: tuple[int, ...], windows: tuple[Window, Window]
) -> Candidate | str:
    if len(pairs.rows) < BLOCK_CHANNELS:
        return "it has fewer than four outputs"
    pixels = image[0] * windows[0].output * windows[1].output
    cycles = block_cycles(pixels, pairs) + pixels * pairs.groups * _WIDENING_CYCLES
    instructions = block_instructions(pixels, pairs) + pixels * pairs.groups * _WIDENING_INSTRUCTIONS
    return Candidate(
        cycles,
        pairs.why,
        lambda pool: _lower(layer, pairs, image, windows, pool),
        instructions=instructions,
    )


def _lower(
    layer: LayerView,
    pairs: BytePairs,
    image: tuple[int, ...],
    windows: tuple[Window, Window],
    pool: ConstantPool,
) -> Lowering:
    outputs = len(pairs.rows)
    # Two pixels of a filter of one tap need not be of one row.
    image, (height, width) = _in_one_row(image, windows)
    parameters: Parameters = {
        "batches": image[0],
        "input_height": image[1],
        "input_width": image[2],
        "input_channels": image[3],
        "output_height": height.output,
        "output_width": width.output,
        "output_channels": outputs,
        "filter_height": height.filter,
        "filter_width": width.filter,
        "stride_height": height.stride,
        "stride_width": width.stride,
        "dilation_height": height.dilation,
        "padding_top": height.before,
        "padding_left": width.before,
        "input_zero_point": quantisation(layer.input()).zero_point,
        **block_constants(layer, pool, pairs, overlapping(outputs)),
    }
    in_fours = image[3] % GROUP_TAPS == 0
    pixels, patch = 16 * pairs.groups, 0 if in_fours else _patch_bytes(height.filter, width.filter * image[3])
    places = TensorPlace(layer.input().index), TensorPlace(layer.output().index)
    scratch = ScratchPlace(c_type="uint32_t"), ScratchPlace(pixels if patch else 0)
    call = PendingCall("conv_2d_s8_dsp", parameters, (*places, *scratch))
    return Lowering(
        (call,),
        layer.output().elements * pairs.rows.shape[1],
        scratch_bytes=pixels + patch,
        # Two pixels are widened wholly before either's outputs are written.
        overlaps=overlap(layer, windows, ahead=0) if layer.operator.name == "CONV_2D" else (),
    )


def _in_one_row(
    image: tuple[int, ...], windows: tuple[Window, Window]
) -> tuple[tuple[int, ...], tuple[Window, Window]]:
    """A filter of one tap at stride 1 over all its pixels as one row; other layers as they are."""
    batches, rows, columns, channels = image
    one_tap = all(window.filter == window.stride == 1 for window in windows)
    if not one_tap or (windows[0].output, windows[1].output) != (rows, columns):
        return image, windows
    pixels = batches * rows * columns
    return (1, 1, pixels, channels), (_ONE_TAP, replace(_ONE_TAP, output=pixels))


def _patch_bytes(rows: int, row: int) -> int:
    """A filter's bytes, and the rests of its rows for two pixels, which are read in fours."""
    return rows * row + 2 * rows * (row % GROUP_TAPS) + GROUP_TAPS - 1


_KERNEL, _CODE_BYTES = "conv_2d_s8_dsp", 4000
CONV_2D_BYTE_PAIRS = KernelForm("byte pairs", propose_for_conv_2d, _KERNEL, _CODE_BYTES)
FULLY_CONNECTED_ROWS_BYTE_PAIRS = KernelForm(
    "byte pairs, rows by two", propose_for_fully_connected, _KERNEL, _CODE_BYTES
)

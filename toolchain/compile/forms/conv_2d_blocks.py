"""CONV_2D on cores that multiply but have no DSP instructions: blocks of four channels, of two pixels or one.

FULLY_CONNECTED is a convolution with a filter of one tap, each row a pixel.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from toolchain.compile.byte_pairs import BLOCK_CHANNELS, overlapping
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
from toolchain.compile.requantise_forms import Integers, Sums, sums_of
from toolchain.compile.short_stage import ShortStage, refusal, short_stage
from toolchain.compile.weights import convolution_multipliers, folded_bias
from toolchain.compile.windows import Window, convolution_windows
from toolchain.vocabulary.program import ConstantRef

# Estimated cycles of a tap of four channels for one pixel, of a value that is laid out, of an output.
_TWO_CYCLES, _FOUR_CYCLES, _PATCH_CYCLES, _OUTPUT_CYCLES = 11.5, 19.0, 3.0, 16.0
_ONE_TAP = Window(filter=1, stride=1, dilation=1, before=0, output=1)


@dataclass(frozen=True, slots=True, eq=False)
class _Layer:
    """Weights as (channels, taps), the image's shape, and the windows along its height and width."""

    layer: LayerView
    rows: Integers
    stage: ShortStage
    image: tuple[int, ...]
    windows: tuple[Window, Window]
    unsigned: bool

    @property
    def pixels(self) -> int:
        return self.image[0] * self.windows[0].output * self.windows[1].output

    @property
    def pointwise(self) -> bool:
        height, width = self.windows
        return height.filter == width.filter == height.stride == width.stride == 1 and (
            (height.output, width.output) == self.image[1:3]
        )

    @property
    def cycles(self) -> float:
        channels, taps = (int(size) for size in self.rows.shape)
        a_tap = _FOUR_CYCLES if self.unsigned else _TWO_CYCLES
        blocks = -(-channels // BLOCK_CHANNELS)
        # A last pixel alone is computed as two.
        pixels = self.pixels if self.unsigned else self.pixels + self.pixels % 2
        return pixels * (taps * (blocks * a_tap + _PATCH_CYCLES) + channels * _OUTPUT_CYCLES)


def propose_for_conv_2d(layer: LayerView, target: Target) -> Candidate | str:
    """For any CONV_2D of one group."""
    filters = values(layer.input(1))
    if layer.input().shape[3] != filters.shape[3]:
        return "it has groups"
    rows = filters.reshape(filters.shape[0], -1)
    return _propose(layer, target, rows, layer.input().shape, convolution_windows(layer))


def propose_for_fully_connected(layer: LayerView, target: Target) -> Candidate | str:
    """For a FULLY_CONNECTED of any number of rows."""
    weights = values(layer.input(1))
    rows = layer.output().elements // len(weights)
    image = (1, 1, rows, weights.shape[1])
    return _propose(layer, target, weights, image, (_ONE_TAP, replace(_ONE_TAP, output=rows)))


def _propose(
    layer: LayerView, target: Target, rows: Integers, image: tuple[int, ...], windows: tuple[Window, Window]
) -> Candidate | str:
    refused = refusal(layer, target)
    if refused is not None:
        return refused
    if len(rows) < BLOCK_CHANNELS:
        return "it has fewer than four outputs"
    unsigned = "mul64" not in target.features
    stage = short_stage(layer, target, _sums(layer, rows, unsigned), convolution_multipliers(layer))
    if isinstance(stage, str):
        return stage
    found = _Layer(layer, np.where(stage.live[:, None], rows, 0), stage, image, windows, unsigned)
    return Candidate(found.cycles, stage.why, lambda pool: _lower(found, pool))


def _sums(layer: LayerView, rows: Integers, unsigned: bool) -> Sums:
    """Of weights times values; `unsigned` are 128 more, which their bias makes up for."""
    bias = folded_bias(layer, rows)
    return sums_of(rows, bias - 128 * rows.sum(axis=1), 0, 255) if unsigned else sums_of(rows, bias)


def _lower(found: _Layer, pool: ConstantPool) -> Lowering:
    layer, (height, width), image = found.layer, found.windows, found.image
    outputs, taps = found.rows.shape
    order = overlapping(outputs)
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
        "dilation_width": width.dilation,
        "padding_top": height.before,
        "padding_left": width.before,
        "input_zero_point": quantisation(layer.input()).zero_point,
        **({} if found.unsigned else {"pointwise": int(found.pointwise)}),
        "weights": _weights(found, pool),
        **found.stage.parameters(layer, pool, order),
    }
    places = TensorPlace(layer.input().index), TensorPlace(layer.output().index)
    kernel = "conv_2d_s8_by_four" if found.unsigned else "conv_2d_s8_by_two"
    in_place = found.pointwise and not found.unsigned
    # What is laid out is read before any of its outputs is written; two pixels in place are not.
    ahead = 2 * outputs - 1 if in_place else 0
    return Lowering(
        (PendingCall(kernel, parameters, (*places, ScratchPlace())),),
        layer.output().elements * taps,
        scratch_bytes=0 if in_place else taps if found.unsigned else 2 * taps,
        overlaps=overlap(layer, found.windows, ahead) if layer.operator.name == "CONV_2D" else (),
    )


def _weights(found: _Layer, pool: ConstantPool) -> ConstantRef:
    """[blocks of four channels][taps][4]."""
    outputs, taps = found.rows.shape
    full = found.rows[list(overlapping(outputs))]
    blocks = full.reshape(-1, BLOCK_CHANNELS, taps).transpose(0, 2, 1)
    symbol, comment = f"{found.layer.operator.index}_weights", f"{found.layer.name}, four channels by turns"
    if found.unsigned:
        return pool.add(symbol, "uint8_t", (blocks + 128).astype(np.uint8), role="weights", comment=comment)
    return pool.add(symbol, "int8_t", blocks.astype(np.int8), role="weights", comment=comment)


CONV_2D_BLOCKS = KernelForm("blocks of four channels", propose_for_conv_2d)
FULLY_CONNECTED_BLOCKS = KernelForm("blocks of four outputs", propose_for_fully_connected)

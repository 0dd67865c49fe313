"""CONV_2D with a 3x3 filter on cores with DSP: Winograd's minimal filtering F(2x2, 3x3), in integers.

`kernels/winograd_3x3_s8_dsp.h` has the arithmetic.  Filters are transformed here, with 2G in the place of G,
so that they are whole and the kernel's sums four times the layer's.  The forms of the output stage take sums
times 2 or times 256, so four is a shift; it is right where four times any sum fits 32 bits.

Transformed, a filter has 16 values of two bytes for nine of one: a trade of flash for speed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from toolchain.compile.byte_pairs import padded
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
from toolchain.compile.overlaps import overlap_by_rows
from toolchain.compile.requantise import INT32_MAX
from toolchain.compile.requantise_forms import AnySign, Integers, any_sign_form, sums_of
from toolchain.compile.saturated_form import Saturated, saturated_form
from toolchain.compile.weights import convolution_multipliers, folded_bias, output_stage
from toolchain.compile.windows import convolution_windows

_TWICE_G = np.array([[2, 0, 0], [1, 1, 1], [1, -1, 1], [0, 0, 2]])
_SCALE = 4  # of the kernel's sums
_LANE = 2**15 - 1
_PLACES, _SUMS = 16, 8
# Input channels come in groups, of which the kernel takes two at once; output channels in blocks.
_GROUP_CHANNELS, _GROUPS_AT_ONCE, _BLOCK_CHANNELS = 4, 2, 4
_LANE_ORDER = (0, 2, 1, 3)
# Estimated cycles: of a word of two input channels, of a place, of an output; of four input channels of a
# column of input, and of a row of two tiles.
_WORD_CYCLES, _PLACE_CYCLES, _OUTPUT_CYCLES, _COLUMN_CYCLES, _ROW_CYCLES = 17, 28, 20, 45, 70


@dataclass(frozen=True, slots=True, eq=False)
class _Layer:
    """What was proven: transformed filters (outputs, places, inputs), and the output stage."""

    filters: Integers
    stage: Saturated | AnySign


def propose(layer: LayerView, target: Target) -> Candidate | str:
    """For stride 1, no dilation, one group; any padding."""
    refusal = _refusal(layer, target)
    if refusal is not None:
        return refusal
    filters = values(layer.input(1))
    rows = filters.reshape(filters.shape[0], -1)
    stage = _stage(layer, rows)
    if isinstance(stage, str):
        return stage
    live = np.where(stage.live[:, None, None, None], filters, 0)
    found = _Layer(transformed(live), stage)
    refusal = _too_wide(found, rows)
    if refusal is not None:
        return refusal
    more = 4 * packed(found.filters).size - filters.size
    kind = "one rounding" if isinstance(stage, Saturated) else "the reference's two roundings"
    why = f"4 of 9 products, sums times 4 within 32 bits, {kind} proven; {more:,} bytes more flash"
    return Candidate(_cycles(layer), why, lambda pool: _lower(layer, found, pool), more_flash=more)


def _refusal(layer: LayerView, target: Target) -> str | None:
    height, width = convolution_windows(layer)
    filters = layer.input(1).shape
    reasons = {
        "the core has no DSP instructions": "dsp" not in target.features,
        "it takes more flash and memory": target.optimise_for != "speed",
        "its filter is not 3x3": (height.filter, width.filter) != (3, 3),
        "its stride is not 1": (height.stride, width.stride) != (1, 1),
        "it is dilated": (height.dilation, width.dilation) != (1, 1),
        "it has groups": layer.input().shape[3] != filters[3],
        "activations are int16": layer.output().dtype != "INT8",
    }
    return next((reason for reason, applies in reasons.items() if applies), None)


def _stage(layer: LayerView, rows: Integers) -> Saturated | AnySign | str:
    limits = output_stage(layer)
    zero_point, low, high = (limits[key] for key in ("output_zero_point", "activation_min", "activation_max"))
    assert isinstance(zero_point, int)
    assert isinstance(low, int)
    assert isinstance(high, int)
    sums, multipliers = sums_of(rows, folded_bias(layer, rows)), convolution_multipliers(layer)
    saturated = saturated_form(sums, multipliers, zero_point, low, high)
    return (
        any_sign_form(sums, multipliers, zero_point, low, high) if isinstance(saturated, str) else saturated
    )


def _too_wide(found: _Layer, rows: Integers) -> str | None:
    """What does not fit lanes or accumulators.  Transformed inputs, sums of four int8 values, always do."""
    if int(np.abs(found.filters).max(initial=0)) > _LANE:
        return "a transformed weight exceeds 16 bits"
    sums = sums_of(rows, np.zeros(len(rows), np.int64))
    if _SCALE * max(-int(sums.low.min()), int(sums.high.max())) > INT32_MAX:
        return "four times a sum can exceed 32 bits"
    return None


def transformed(filters: Integers) -> Integers:
    """2G g (2G)' of filters (outputs, 3, 3, inputs): (outputs, 16, inputs)."""
    found: Integers = np.einsum("ik,oklc,jl->oijc", _TWICE_G, filters, _TWICE_G)
    return found.reshape(filters.shape[0], _PLACES, filters.shape[3])


def packed(filters: Integers) -> npt.NDArray[np.int32]:
    """The words that the kernel reads, (block, place, word, channel of the block), flat."""
    full = padded(padded(filters, _BLOCK_CHANNELS), _GROUP_CHANNELS * _GROUPS_AT_ONCE, axis=2)
    places, inputs = full.shape[1:]
    grouped = full.reshape(-1, _BLOCK_CHANNELS, places, inputs // _GROUP_CHANNELS, _GROUP_CHANNELS)
    # Axes: block, channel in it, place, word, lane.
    lanes = grouped[..., _LANE_ORDER].reshape(-1, _BLOCK_CHANNELS, places, inputs // 2, 2)
    low, high = lanes[..., 0], lanes[..., 1]
    words: npt.NDArray[np.int32] = ((low & 0xFFFF) | (high & 0xFFFF) << 16).astype(np.uint32).view(np.int32)
    return words.transpose(0, 2, 3, 1).reshape(-1)


def _groups(layer: LayerView) -> int:
    return -(-layer.input().shape[3] // _GROUP_CHANNELS)


def _words(layer: LayerView) -> int:
    """Words of two input channels, as many as the kernel reads."""
    return 2 * _GROUPS_AT_ONCE * -(-_groups(layer) // _GROUPS_AT_ONCE)


def _columns(layer: LayerView) -> int:
    """Of input, for a row of tiles in pairs."""
    return 4 * -(-layer.output().shape[2] // 4) + 2


def _cycles(layer: LayerView) -> float:
    batches, height, width, channels = layer.output().shape
    rows, pairs, blocks = batches * -(-height // 2), -(-width // 4), -(-channels // _BLOCK_CHANNELS)
    block = _PLACES * (_words(layer) * _WORD_CYCLES + _PLACE_CYCLES) + 8 * _BLOCK_CHANNELS * _OUTPUT_CYCLES
    pair = blocks * block + 4 * _groups(layer) * _ROW_CYCLES
    return rows * (pairs * pair + _columns(layer) * _groups(layer) * _COLUMN_CYCLES)


def _lower(layer: LayerView, found: _Layer, pool: ConstantPool) -> Lowering:
    height, width = convolution_windows(layer)
    source, output, stage = layer.input(), layer.output(), found.stage
    batches, input_height, input_width, channels = source.shape
    parameters: Parameters = {
        "batches": batches,
        "input_height": input_height,
        "input_width": input_width,
        "input_channels": channels,
        "output_height": height.output,
        "output_width": width.output,
        "output_channels": output.shape[3],
        "padding_top": height.before,
        "padding_left": width.before,
        "input_zero_point": quantisation(source).zero_point,
        **_constants(layer, found, pool),
        "words": _words(layer),
        "any_sign": int(isinstance(stage, AnySign)),
        "zero": stage.zero if isinstance(stage, Saturated) else 0,
        "minimum": stage.minimum if isinstance(stage, AnySign) else -128,
        "maximum": stage.maximum if isinstance(stage, AnySign) else 127,
    }
    columns = 4 * 8 * _columns(layer) * _groups(layer)
    tiles = columns + 4 * _PLACES * 2 * _words(layer)
    sums = tiles + 4 * _PLACES * _SUMS
    scratch = (
        ScratchPlace(c_type="uint32_t"),
        ScratchPlace(columns, "uint32_t"),
        ScratchPlace(tiles, "int32_t"),
        ScratchPlace(sums),
    )
    places = TensorPlace(source.index), TensorPlace(output.index)
    return Lowering(
        (PendingCall("winograd_3x3_s8_dsp", parameters, (*places, *scratch)),),
        output.elements * 9 * channels,
        scratch_bytes=sums + channels,
        overlaps=overlap_by_rows(layer, height, at_once=2),
    )


def _constants(layer: LayerView, found: _Layer, pool: ConstantPool) -> Parameters:
    number, name, stage = layer.operator.index, layer.name, found.stage
    table = stage.multiplier
    if isinstance(stage, AnySign):
        table = np.stack([stage.multiplier, stage.rounding, stage.shift], axis=1)
    form = "any sign" if isinstance(stage, AnySign) else "saturated"
    return {
        "weights": pool.add(
            f"{number}_weights",
            "int32_t",
            packed(found.filters),
            role="weights",
            comment=f"{name}, transformed",
        ),
        "bias": pool.add(
            f"{number}_bias",
            "int32_t",
            stage.bias.astype(np.int32),
            role="weights",
            comment=f"{name}, {form}",
        ),
        "table": pool.add(
            f"{number}_stage", "int32_t", table.astype(np.int32), role="table", comment=f"{name}, {form}"
        ),
    }


WINOGRAD_3X3 = KernelForm("Winograd 2x2", propose, takes_flash=True)

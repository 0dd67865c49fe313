"""CONV_2D with a 3x3 filter by Winograd's minimal filtering in integers, on cores with DSP.

A tile of (n + 2) x (n + 2) inputs gives n x n outputs; filters are transformed here, so that they are whole,
and the kernel knows the layer's sums times a power of two modulo 2**32 (`kernels/winograd_2x2_s8_dsp.h` and
`winograd_4x4_s8_dsp.h` have the arithmetic).  It is exact where that fits 32 bits, which is proven for the
layer at hand.  The price is flash: two bytes for each place of the tile, where filters have nine of one.
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
    Lowering,
    Parameters,
    PendingCall,
    ScratchPlace,
    TensorPlace,
)
from toolchain.compile.overlaps import overlap_by_rows
from toolchain.compile.requantise import INT32_MAX
from toolchain.compile.requantise_forms import AnySign, Integers, Sums, any_sign_form, sums_of
from toolchain.compile.saturated_form import Saturated, saturated_form
from toolchain.compile.weights import convolution_multipliers, folded_bias, output_stage
from toolchain.compile.windows import convolution_windows

_LANE_MAX = 2**15 - 1
_SUMS = 8  # that the kernel has of a place
_TILES = 2  # that it takes at once
# Input channels come in groups, of which the kernel takes two at once; output channels in blocks.
_GROUP_CHANNELS, _GROUPS_AT_ONCE, _BLOCK_CHANNELS = 4, 2, 4
_LANE_ORDER = (0, 2, 1, 3)
# Estimated cycles, counted in `winograd_products_dsp.h`: of a word of two input channels, of a place.
_WORD_CYCLES, _PLACE_CYCLES = 17, 28


@dataclass(frozen=True, slots=True, eq=False)
class Filtering:
    """One kernel: n, G, what is added to inputs before they are transformed, and what sums are known times.

    Estimated cycles: of an output; of four input channels of a column of input, and of a row of two tiles.
    """

    kernel: str
    outputs: int
    filters: tuple[tuple[int, int, int], ...]
    offset: int
    scale: int
    output_cycles: int
    column_cycles: int
    row_cycles: int

    @property
    def tile(self) -> int:
        """Rows and columns of a tile of inputs."""
        return self.outputs + 2

    def transformed(self, filters: Integers) -> Integers:
        """G g G' of filters (outputs, 3, 3, inputs): (outputs, places, inputs)."""
        g = np.array(self.filters, np.int64)
        found: Integers = np.einsum("ik,oklc,jl->oijc", g, filters, g)
        return found.reshape(filters.shape[0], self.tile**2, filters.shape[3])

    def columns(self, layer: LayerView) -> int:
        """Columns of input for a row of pairs of tiles."""
        at_once = _TILES * self.outputs
        return at_once * -(-layer.output().shape[2] // at_once) + 2

    def cycles(self, layer: LayerView) -> float:
        """Estimated."""
        batches, height, width, channels = layer.output().shape
        rows, pairs = batches * -(-height // self.outputs), -(-width // (_TILES * self.outputs))
        stage = _TILES * self.outputs**2 * _BLOCK_CHANNELS * self.output_cycles
        block = self.tile**2 * (_words(layer) * _WORD_CYCLES + _PLACE_CYCLES) + stage
        pair = -(-channels // _BLOCK_CHANNELS) * block + self.tile * _groups(layer) * self.row_cycles
        return rows * (pairs * pair + self.columns(layer) * _groups(layer) * self.column_cycles)


@dataclass(frozen=True, slots=True, eq=False)
class _Proven:
    """Transformed filters (outputs, places, inputs), and the output stage."""

    filters: Integers
    stage: Saturated | AnySign


def propose(filtering: Filtering, layer: LayerView, target: Target) -> Candidate | str:
    """For stride 1, no dilation, one group; any padding."""
    refusal = _refusal(layer, target)
    if refusal is not None:
        return refusal
    filters = values(layer.input(1))
    rows = filters.reshape(filters.shape[0], -1)
    sums = sums_of(
        rows,
        folded_bias(layer, rows) - filtering.offset * rows.sum(axis=1),
        filtering.offset - 128,
        filtering.offset + 127,
    )
    stage = _stage(layer, sums)
    if isinstance(stage, str):
        return stage
    live = np.where(stage.live[:, None, None, None], filters, 0)
    found = _Proven(filtering.transformed(live), stage)
    refusal = _too_wide(filtering, found, sums)
    if refusal is not None:
        return refusal
    more = 4 * packed(found.filters).size - filters.size
    kind = "one rounding" if isinstance(stage, Saturated) else "the reference's two roundings"
    products = f"{filtering.tile**2} products for {9 * filtering.outputs**2}"
    why = f"{products}, {filtering.scale} times any sum in 32 bits, {kind}; {more:,} bytes more flash"
    return Candidate(
        filtering.cycles(layer), why, lambda pool: _lower(filtering, layer, found, pool), more_flash=more
    )


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


def _stage(layer: LayerView, sums: Sums) -> Saturated | AnySign | str:
    limits = output_stage(layer)
    zero_point, low, high = (limits[key] for key in ("output_zero_point", "activation_min", "activation_max"))
    assert isinstance(zero_point, int)
    assert isinstance(low, int)
    assert isinstance(high, int)
    multipliers = convolution_multipliers(layer)
    # Outputs on both sides of the zero point rarely have the shorter form, and to find that out takes long.
    if zero_point == -128:
        saturated = saturated_form(sums, multipliers, zero_point, low, high)
        if not isinstance(saturated, str):
            return saturated
    return any_sign_form(sums, multipliers, zero_point, low, high)


def _too_wide(filtering: Filtering, found: _Proven, sums: Sums) -> str | None:
    """What does not fit lanes or sums.  Transformed inputs always do: see the kernels."""
    if int(np.abs(found.filters).max(initial=0)) > _LANE_MAX:
        return "a transformed weight exceeds 16 bits"
    if filtering.scale * max(-int(sums.low.min()), int(sums.high.max())) > INT32_MAX:
        return f"{filtering.scale} times a sum can exceed 32 bits"
    return None


def packed(filters: Integers) -> npt.NDArray[np.int32]:
    """The words that kernels read, (block, place, word, channel of the block), flat."""
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


def _lower(filtering: Filtering, layer: LayerView, found: _Proven, pool: ConstantPool) -> Lowering:
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
    places = filtering.tile**2
    columns = 4 * 2 * filtering.tile * filtering.columns(layer) * _groups(layer)
    tiles = columns + 4 * places * _TILES * _words(layer)
    sums = tiles + 4 * places * _SUMS
    scratch = (
        ScratchPlace(c_type="uint32_t"),
        ScratchPlace(columns, "uint32_t"),
        ScratchPlace(tiles, "int32_t"),
        ScratchPlace(sums),
    )
    tensors = TensorPlace(source.index), TensorPlace(output.index)
    return Lowering(
        (PendingCall(filtering.kernel, parameters, (*tensors, *scratch)),),
        output.elements * 9 * channels,
        scratch_bytes=sums + channels,
        overlaps=overlap_by_rows(layer, height, at_once=filtering.outputs),
    )


def _constants(layer: LayerView, found: _Proven, pool: ConstantPool) -> Parameters:
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

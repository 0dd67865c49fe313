"""Byte pairs of convolutions: all that a block of four channels needs in a row, as the kernel reads it.

`kernels/byte_pairs_pixels_dsp.h` has the layout.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from toolchain.compile.byte_pairs import BLOCK_CHANNELS, BytePairs, interleaved, padded, unsigned_rounding
from toolchain.compile.layer_view import LayerView
from toolchain.compile.lowering import ConstantPool
from toolchain.compile.requantise import Multiplier
from toolchain.compile.requantise_forms import AnySign, Integers, Sums, any_sign_form
from toolchain.compile.saturated_form import Saturated, saturated_form
from toolchain.vocabulary.program import ParameterValue

PIXELS_SHIFT = 10
"""Of the saturated form: room for scales below 1/8, and multipliers of 26 bits for those of real layers."""

# Channels in the order in which the kernel adds their biases, and takes their multipliers.
_FIRST_BIASES, _BIASES, _MULTIPLIERS = (1, 3), (0, 2), (0, 2, 1, 3)
_ANY_SIGN_CYCLES, _BLOCK_CYCLES, _GROUP_CYCLES, _TURN_CYCLES, _PAIR_CYCLES = 42, 62, 32, 6, 70
_BLOCK_INSTRUCTIONS, _GROUP_INSTRUCTIONS = 60, 24.5
# Three of eight groups of the saturated form have single loads: two cycles fewer, four instructions more.
_SATURATED_GROUP_CYCLES = _GROUP_CYCLES - 3 / 8 * 2
_SATURATED_GROUP_INSTRUCTIONS = _GROUP_INSTRUCTIONS + 3 / 8 * 4


def blocks_form(
    sums: Sums, multipliers: Sequence[Multiplier], zero_point: int, minimum: int, maximum: int
) -> Saturated | AnySign | str:
    """The cheapest form right for outputs clamped to `minimum`…`maximum`, or why there is none."""
    # Outputs on both sides of the zero point have halves on both sides, which are rounded away from it.
    if zero_point == minimum == -128:
        saturated = saturated_form(
            sums, multipliers, zero_point, minimum, maximum, PIXELS_SHIFT, zero_in_bias=True
        )
        if not isinstance(saturated, str):
            return saturated
    return any_sign_form(sums, multipliers, zero_point, minimum, maximum)


def block_constants(
    layer: LayerView, pool: ConstantPool, pairs: BytePairs, channels: Sequence[int]
) -> dict[str, ParameterValue]:
    """The fields `blocks` to `maximum` of the kernel's parameters; `channels` in the order of the blocks."""
    stage = pairs.stage
    words = interleaved(pairs.rows[channels]).reshape(-1, BLOCK_CHANNELS * pairs.groups)
    before, after = _around(stage, channels)
    blocks = np.concatenate([before, words, after], axis=1)
    form = "any sign" if isinstance(stage, AnySign) else "saturated"
    name = pool.add(
        f"{layer.operator.index}_blocks",
        "int32_t",
        blocks.astype(np.int32),
        role="weights",
        comment=f"{layer.name}, byte pairs with biases and multipliers, {form}",
    )
    return {
        "blocks": name,
        "groups": pairs.groups,
        "any_sign": int(isinstance(stage, AnySign)),
        "minimum": stage.minimum if isinstance(stage, AnySign) else -128,
        "maximum": stage.maximum if isinstance(stage, AnySign) else 127,
    }


def _around(stage: object, channels: Sequence[int]) -> tuple[Integers, Integers]:
    """What stands before and behind the words of each block: (blocks, values)."""
    assert isinstance(stage, (Saturated, AnySign))

    def by_block(values: Integers) -> Integers:
        return padded(values[channels], BLOCK_CHANNELS).reshape(-1, BLOCK_CHANNELS)

    bias, multiplier = by_block(stage.bias), by_block(stage.multiplier)
    if isinstance(stage, Saturated):
        return bias[:, _FIRST_BIASES], np.concatenate([bias[:, _BIASES], multiplier[:, _MULTIPLIERS]], axis=1)
    columns = [multiplier, by_block(unsigned_rounding(stage)), by_block(stage.shift)]
    rows = np.stack(columns, axis=2).reshape(len(bias), -1)
    return np.zeros((len(bias), len(_FIRST_BIASES)), np.int64), np.concatenate([bias, rows], axis=1)


def block_cycles(pixels: int, pairs: BytePairs) -> float:
    """Estimated cycles of the products and outputs: counted in the loops of `byte_pairs_pixels_dsp.h`."""
    any_sign = isinstance(pairs.stage, AnySign)
    a_block = pairs.groups * (_GROUP_CYCLES if any_sign else _SATURATED_GROUP_CYCLES)
    a_block += _BLOCK_CYCLES + (pairs.groups - 1) // 8 * _TURN_CYCLES + (_ANY_SIGN_CYCLES if any_sign else 0)
    return -(-pixels // 2) * (pairs.blocks * a_block + _PAIR_CYCLES)


def block_instructions(pixels: int, pairs: BytePairs) -> float:
    """The same in instructions."""
    any_sign = isinstance(pairs.stage, AnySign)
    a_group = _GROUP_INSTRUCTIONS if any_sign else _SATURATED_GROUP_INSTRUCTIONS
    a_block = _BLOCK_INSTRUCTIONS + pairs.groups * a_group
    return -(-pixels // 2) * (pairs.blocks * a_block + _PAIR_CYCLES)

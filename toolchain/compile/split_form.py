"""The way from sums to int8 outputs with products of 32 bits, for cores that have no longer ones (Armv6-M).

A sum times a multiplier that is fine enough takes some 45 bits.  But with t = d2 * 2**16 + d1 * 2**8 + d0 the
digits can be multiplied one after the other, what is below the point dropped on the way:

    floor(t * m / 2**16) = d2 * m + ((d1 * m + (d0 * m >> 8)) >> 8)

exactly, and with m hardly above 2**24 no step leaves 32 bits.  As with `Rectified` (see
toolchain.compile.requantise_forms) both roundings of the reference go into one constant a channel, which
has to lie in the interval that the sums leave at which the output steps; proven for the layer at hand, or
not used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from toolchain.compile.requantise import INT32_MAX, Multiplier
from toolchain.compile.requantise_forms import (
    Flags,
    Integers,
    Sums,
    scale_arrays,
    steps_above_zero_point,
    thresholds,
)

DIGITS = 16
_MULTIPLIER_BITS = 24
_MOST_MULTIPLIER = 2**_MULTIPLIER_BITS + 255
"""255 * m + (255 * m >> 8) still has 32 bits."""
# 31 bits of the reference's multiplier, and all of ours.
_DROPPED = 31 - _MULTIPLIER_BITS
# So many bits may the multiplier lose where sums go far beyond what outputs can tell apart.
_MOST_LOST = 4
_FAR_BELOW, _FAR_ABOVE = -(2**62), 2**62
# The multiplier that the scale gives, and then some around it.
_NUDGES = (0, *(sign * step for step in (*range(1, 16), *range(16, 512, 16)) for sign in (1, -1)))


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """output = USAT8(((t * multiplier >> 16) + offset) >> shift) - 128, t the sum of products.

    The arrays have an entry a channel; `multiplier` is 0 where a channel does not depend on the input.
    """

    offset: Integers
    multiplier: Integers
    shift: Integers


@dataclass(frozen=True, slots=True, eq=False)
class _Channels:
    """Those that depend on the input; `wanted` multipliers, `begins` as `thresholds` has them."""

    low: Integers
    high: Integers
    wanted: Integers
    shift: Integers
    begins: Integers


def split_form(
    sums: Sums, multipliers: Sequence[Multiplier], zero_point: int, minimum: int, maximum: int
) -> Split | str:
    """`Split`, or why not."""
    if (minimum, maximum) != (-128, 127):
        return f"outputs are clamped to {minimum}…{maximum}"
    value, right = scale_arrays(multipliers, len(sums.bias))
    if (right < 0).any():
        return "a scale is 1 or more"
    lowest, highest = (
        (128 + zero_point + steps_above_zero_point(end + sums.bias, value, right)).clip(0, 255)
        for end in (sums.low, sums.high)
    )
    live = lowest != highest
    outputs = np.arange(1, 256, dtype=np.int64)
    low, high, bias, value, right = (x[live] for x in (sums.low, sums.high, sums.bias, value, right))
    begins = thresholds(Sums(low, high, bias), value, right, outputs - 128 - zero_point)
    solved = np.zeros(len(low), np.bool_)
    offset, multiplier, shift = np.zeros_like(low), np.zeros_like(low), np.zeros_like(low)
    for lost in range(_MOST_LOST + 1):
        rest = np.flatnonzero(~solved)
        # scale = value * 2**-(31 + right) = multiplier * 2**-(16 + shift)
        some_shift = (right[rest] + 31 - DIGITS - _DROPPED - lost).clip(0, 31)
        wanted = np.rint(value[rest] * 2.0 ** (DIGITS + some_shift - 31 - right[rest])).astype(np.int64)
        some = _Channels(low[rest], high[rest], wanted, some_shift, begins[rest])
        found, some_offset, some_multiplier = _solve(some, outputs)
        solved[rest], offset[rest], multiplier[rest] = found, some_offset, some_multiplier
        shift[rest] = some_shift
    if not solved.all():
        return (
            f"{int((~solved).sum())} of {len(low)} channels leave no constants in 32 bits right for all sums"
        )
    # A product of 0 makes the other channels what they are.
    all_offsets, all_multipliers, all_shifts = lowest, np.zeros_like(lowest), np.zeros_like(lowest)
    all_offsets[live], all_multipliers[live], all_shifts[live] = offset, multiplier, shift
    return Split(all_offsets, all_multipliers, all_shifts)


def _solve(channels: _Channels, outputs: Integers) -> tuple[Flags, Integers, Integers]:
    """Per channel whether it is solved, the offset and the multiplier.

    The sum at which an output begins has to reach it, and the sum before must not.
    """
    solved = np.zeros(len(channels.wanted), np.bool_)
    offset, multiplier = np.zeros_like(channels.wanted), np.zeros_like(channels.wanted)
    for nudge in _NUDGES:
        tried = channels.wanted + nudge
        rest = np.flatnonzero(~solved & (tried > 0) & (tried <= _MOST_MULTIPLIER))
        if len(rest) == 0:
            continue
        first, low, high, tried = (x[rest] for x in (channels.begins, channels.low, channels.high, tried))
        reach = outputs[None, :] << channels.shift[rest, None]
        at, before = (reach - ((sum_ * tried[:, None]) >> DIGITS) for sum_ in (first, first - 1))
        least = np.where(first <= high[:, None], at, _FAR_BELOW).max(axis=1)
        most = np.where(first - 1 >= low[:, None], before - 1, _FAR_ABOVE).min(axis=1)
        # Where only one side is asked for, its end is as good as any value beyond it.
        chosen = np.where(least == _FAR_BELOW, most, np.where(most == _FAR_ABOVE, least, (least + most) >> 1))
        ends = [(end * tried >> DIGITS) + chosen for end in (low, high)]
        within = np.abs(np.stack([chosen, *ends])).max(axis=0) <= INT32_MAX
        solved[rest], offset[rest], multiplier[rest] = (least <= most) & within, chosen, tried
    return solved, offset, multiplier

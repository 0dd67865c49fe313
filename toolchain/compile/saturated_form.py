"""The shortest way from sums to int8 outputs: a multiplication that also adds the zero point, and a shift.

As `Rectified` (see toolchain.compile.requantise_forms), but saturation to int8 is the only clamp, and one
shift serves all layers of a kernel, so that it stands in the instruction that saturates.  Outputs on both
sides of the zero point rarely have it: the reference rounds halves away from it.
Exact for the layer at hand, or not used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from toolchain.compile.requantise import INT32_MAX, Multiplier
from toolchain.compile.requantise_forms import (
    FRACTION_BITS,
    Flags,
    Integers,
    Sums,
    scale_arrays,
    solve,
    steps_above_zero_point,
    thresholds,
)

_MOST_DOUBLINGS = 8

SATURATED_SHIFT = 8
"""Leaves multipliers 25 bits and more for the scales that real depthwise layers have."""


@dataclass(frozen=True, slots=True, eq=False)
class Saturated:
    """output = SSAT8(SMMLA(bias + 256 * sum, multiplier, zero) >> shift).

    `zero` is the zero point, shifted left by as much, or 0 where biases have it.  `live` are the channels
    that depend on the input at all; the others are right with weights of 0 only.
    """

    bias: Integers
    multiplier: Integers
    zero: int
    live: Flags


def saturated_form(
    sums: Sums,
    multipliers: Sequence[Multiplier],
    zero_point: int,
    minimum: int,
    maximum: int,
    shift: int = SATURATED_SHIFT,
    *,
    zero_in_bias: bool = False,
) -> Saturated | str:
    """`Saturated`, or why not.  A larger shift is more exact, and leaves less room for large scales."""
    if (minimum, maximum) != (-128, 127):
        return f"outputs are clamped to {minimum}…{maximum}"
    value, right = scale_arrays(multipliers, len(sums.bias))
    if (right < 0).any():
        return "a scale is 1 or more"
    least, most = -128 - zero_point, 127 - zero_point
    lowest, highest = (
        steps_above_zero_point(end + sums.bias, value, right).clip(least, most)
        for end in (sums.low, sums.high)
    )
    live = lowest != highest
    least_right = shift - FRACTION_BITS + 1
    if (right[live] < least_right).any():
        return f"a scale is 1/{2**least_right} or more"
    low, high = sums.low[live], sums.high[live]
    steps = np.arange(least + 1, most + 1, dtype=np.int64)
    begins = thresholds(Sums(low, high, sums.bias[live]), value[live], right[live], steps)
    # Beyond 31 nothing is left of the multiplier, and no bias is found.
    wanted = value[live] >> (right[live] - least_right).clip(0, 31)
    folded = zero_point if zero_in_bias else 0
    solved, bias, multiplier = _solve_within_32_bits(begins, low, high, wanted, shift, steps + folded)
    if not solved.all():
        return f"{int((~solved).sum())} of {len(live)} channels leave no bias that is right for all sums"
    # A sum of 0 makes the other channels what they are: 2**22 * output times 2**(10 + shift).
    all_bias, all_multipliers = (lowest + folded) << 22, np.full_like(value, 1 << (10 + shift))
    all_bias[live], all_multipliers[live] = bias, multiplier
    return Saturated(all_bias, all_multipliers, (zero_point - folded) << shift, live)


def _solve_within_32_bits(
    begins: Integers, low: Integers, high: Integers, wanted: Integers, shift: int, steps: Integers
) -> tuple[Flags, Integers, Integers]:
    """`solve`, so that no sum exceeds 32 bits.

    A large bias beside a small scale does: but then the output takes few values, which a larger multiplier,
    and so a smaller bias, may tell apart as well.
    """
    solved = np.zeros(len(wanted), np.bool_)
    bias, multiplier = np.zeros_like(wanted), np.zeros_like(wanted)
    for doublings in range(_MOST_DOUBLINGS + 1):
        rest = np.flatnonzero(~solved)
        found, some_bias, some_multiplier = solve(
            begins[rest], low[rest], high[rest], wanted[rest] << doublings, shift, steps
        )
        for end in (0 * low[rest], low[rest], high[rest]):
            found &= np.abs(some_bias + (end << FRACTION_BITS)) <= INT32_MAX
        solved[rest], bias[rest], multiplier[rest] = found, some_bias, some_multiplier
        if solved.all():
            break
    return solved, bias, multiplier

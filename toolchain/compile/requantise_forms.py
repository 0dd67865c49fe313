"""Short exact forms of the way from a layer's sums to its int8 outputs, proven for the layer at hand.

The target is gemmlowp's double rounding (`compile/requantise.py`), zero point and clamp.  The reference's
way takes some twenty instructions; these take three to five, and each is used only where it is shown to
give the same byte for every sum that the layer's weights allow:

- `Rectified`, where outputs start at the zero point -128: one multiplication and one shift.  Both roundings
  are in the bias.  Outputs grow with the sum, so that 255 sums (where the output steps from k - 1 to k)
  stand for all; the bias has to lie in what they leave, an interval that may be empty.
- `AnySign`: the reference's own two roundings, in four instructions.  Right by algebra where nothing
  overflows: SMMLAR is SaturatingRoundingDoublingHighMul of twice the sum, plus what rounds the shift.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from toolchain.compile.requantise import INT32_MAX, Multiplier

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

FRACTION_BITS = 8
"""`Rectified` takes sums times 2**8: its bias can then be set to 1/256 of a step of the sum."""

# They keep the proof within 64 bits and constants within 32; real layers have 5 to 15.
_MOST_SHIFT, _MOST_RECTIFIED_SHIFT = 22, 20

_FAR_BELOW, _FAR_ABOVE = -(2**62), 2**62
_STEPS = np.arange(1, 256, dtype=np.int64)
# The multiplier that the scale gives, and then some around it, as they come to be tried.
_NUDGES = (0, *(sign * step for step in (*range(1, 16), *range(16, 4096, 16)) for sign in (1, -1)))


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """What a layer's products can add up to: `low` to `high` a channel, without the `bias`."""

    low: Integers
    high: Integers
    bias: Integers


@dataclass(frozen=True, slots=True, eq=False)
class Rectified:
    """output = USAT8(SMMUL(bias + 256 * sum, multiplier) >> shift) - 128; one shift for all channels.

    `live` are the channels that depend on the input at all; the others are right with weights of 0 only.
    `lanes_fit`: before it is saturated, the value fits in 16 bits.
    """

    bias: Integers
    multiplier: Integers
    shift: int
    live: Flags
    lanes_fit: bool


@dataclass(frozen=True, slots=True, eq=False)
class AnySign:
    """t = bias + 2 * sum; output = (SMMLAR(t, multiplier, rounding + (t >> 31)) >> shift), clamped.

    `rounding` has the zero point in it; all arrays have an entry a channel.  `live` as in `Rectified`.
    `lanes_fit`: before it is clamped to minimum…maximum, the value fits in 16 bits, plus 128 too.
    """

    bias: Integers
    multiplier: Integers
    rounding: Integers
    shift: Integers
    live: Flags
    minimum: int
    maximum: int
    lanes_fit: bool


def sums_of(rows: Integers, bias: Integers, low: int = -128, high: int = 127) -> Sums:
    """What products of `rows` (channels, taps) with inputs from `low` to `high` can add up to."""
    least = np.minimum(rows * low, rows * high).sum(axis=1)
    most = np.maximum(rows * low, rows * high).sum(axis=1)
    return Sums(least, most, bias)


def exact_form(
    sums: Sums, multipliers: Sequence[Multiplier], zero_point: int, minimum: int, maximum: int
) -> Rectified | AnySign | str:
    """The cheapest form right for outputs clamped to `minimum`…`maximum`, or why there is none."""
    rectified = rectified_form(sums, multipliers, zero_point, minimum, maximum)
    if not isinstance(rectified, str):
        return rectified
    return any_sign_form(sums, multipliers, zero_point, minimum, maximum)


def rectified_form(
    sums: Sums, multipliers: Sequence[Multiplier], zero_point: int, minimum: int, maximum: int
) -> Rectified | str:
    """`Rectified`, or why not."""
    if (zero_point, minimum, maximum) != (-128, -128, 127):
        return f"outputs from {minimum} to {maximum} around {zero_point} are not -128 and up"
    value, right = scale_arrays(multipliers, len(sums.bias))
    if (right < 0).any():
        return "a scale is 1 or more"
    lowest = steps_above_zero_point(sums.low + sums.bias, value, right).clip(0, 255)
    highest = steps_above_zero_point(sums.high + sums.bias, value, right).clip(0, 255)
    live = lowest != highest
    shift = FRACTION_BITS - 1 + int(right[live].min(initial=_MOST_RECTIFIED_SHIFT - FRACTION_BITS + 1))
    if shift > _MOST_RECTIFIED_SHIFT:
        return f"all scales are below 2**-{_MOST_RECTIFIED_SHIFT - FRACTION_BITS + 1}"
    low, high = sums.low[live], sums.high[live]
    begins = thresholds(Sums(low, high, sums.bias[live]), value[live], right[live], _STEPS)
    wanted = value[live] >> (right[live] - (shift - FRACTION_BITS + 1)).clip(0)
    solved, bias, multiplier = solve(begins, low, high, wanted, shift, _STEPS)
    if not solved.all():
        return f"{int((~solved).sum())} of {len(live)} channels leave no bias that is right for all sums"
    ends = [bias + (end << FRACTION_BITS) for end in (low, high)]
    if any(int(np.abs(x).max(initial=0)) > INT32_MAX for x in (bias, *ends)):
        return "a sum can exceed 22 bits"
    widest = max(int(np.abs(high_product(t, multiplier) >> shift).max(initial=255)) for t in ends)
    # A sum of 0 makes the other channels what they are: 2**22 * k times 2**(10 + shift) has k on top.
    all_bias, all_multipliers = lowest << 22, np.full_like(value, 1 << (10 + shift))
    all_bias[live], all_multipliers[live] = bias, multiplier
    return Rectified(all_bias, all_multipliers, shift, live, lanes_fit=widest < 2**15)


def any_sign_form(
    sums: Sums, multipliers: Sequence[Multiplier], zero_point: int, minimum: int, maximum: int
) -> AnySign | str:
    """`AnySign`, or why not."""
    value, right = scale_arrays(multipliers, len(sums.bias))
    if (right < 0).any():
        return "a scale is 1 or more"
    steps = [steps_above_zero_point(end + sums.bias, value, right) for end in (sums.low, sums.high)]
    lowest, highest = ((zero_point + x).clip(minimum, maximum) for x in steps)
    live = lowest != highest
    # Half a step and the output itself make a channel that does not depend on the input.
    value, bias = np.where(live, value, 0), np.where(live, 2 * sums.bias, 0)
    right, centre = np.where(live, right, 1), np.where(live, zero_point, lowest)
    if (right < 1).any():
        return "a scale is 1/2 or more"
    if (right > _MOST_SHIFT).any():
        return f"a scale is below 2**-{_MOST_SHIFT}"
    ends = [np.where(live, bias + 2 * end, 0) for end in (sums.low, sums.high)]
    rounding = (np.int64(1) << (right - 1)) + (centre << right)
    # Half of t is the sum, which bounds the product.
    reach = max(int(np.abs(end).max()) for end in ends)
    if max(reach, int(np.abs(bias).max())) > INT32_MAX:
        return "a sum can exceed 30 bits"
    if reach // 2 + int(np.abs(rounding).max()) + 2 > INT32_MAX:
        return "a sum and what rounds it can exceed 31 bits"
    reached = [(rounded_high_product(t, value) + rounding + (t >> 31)) >> right for t in ends]
    widest = max(int(np.abs(x).max()) for x in reached)
    return AnySign(bias, value, rounding, right, live, minimum, maximum, lanes_fit=widest < 2**15 - 128)


def scale_arrays(multipliers: Sequence[Multiplier], channels: int) -> tuple[Integers, Integers]:
    """Values and right shifts, an entry a channel."""
    value = np.array([m.value for m in multipliers], np.int64)
    right = np.array([-m.shift for m in multipliers], np.int64)
    return np.resize(value, channels), np.resize(right, channels)


def high_product(t: Integers, multiplier: Integers) -> Integers:
    """SMMUL."""
    return (t * multiplier) >> 32


def rounded_high_product(t: Integers, multiplier: Integers) -> Integers:
    """SMMULR."""
    return (t * multiplier + 2**31) >> 32


def steps_above_zero_point(sum_: Integers, value: Integers, right: Integers) -> Integers:
    """The reference's result before the zero point is added, without left shifts (`requantise.multiply`)."""
    high = (sum_ * value + 2**30) >> 31
    mask = (np.int64(1) << right) - 1
    threshold = (mask >> 1) + (high < 0)
    return (high >> right) + ((high & mask) > threshold)


def thresholds(sums: Sums, value: Integers, right: Integers, steps: Integers) -> Integers:
    """The smallest sum (bias left out) whose output is so many steps up, or more: (channels, len(steps)).

    One more than the highest where no sum is.  By bisection: the reference never falls as the sum grows.
    """
    low = np.repeat(sums.low[:, None], len(steps), axis=1)
    high = np.repeat(sums.high[:, None] + 1, len(steps), axis=1)
    while (low < high).any():
        middle = (low + high) >> 1
        reached = (
            steps_above_zero_point(middle + sums.bias[:, None], value[:, None], right[:, None])
            >= steps[None, :]
        )
        low, high = np.where(reached | (low >= high), low, middle + 1), np.where(reached, middle, high)
    return low


def solve(
    begins: Integers, low: Integers, high: Integers, wanted: Integers, shift: int, outputs: Integers
) -> tuple[Flags, Integers, Integers]:
    """Per channel whether it is solved, the bias and the multiplier.

    `begins` are the sums at which each of `outputs` begins.  With C the smallest t whose SMMUL reaches
    k << shift, the sum at which output k begins must have t >= C, and the sum before must not; sums beyond
    `low` and `high` ask for nothing.
    """
    solved = np.zeros(len(wanted), np.bool_)
    bias, multiplier = np.zeros_like(wanted), wanted.copy()
    for nudge in _NUDGES:
        rest = np.flatnonzero(~solved & (wanted + nudge > 0) & (wanted + nudge <= INT32_MAX))
        if len(rest) == 0:
            continue
        first, before, tried = begins[rest], begins[rest] - 1, wanted[rest] + nudge
        reach = -((-outputs[None, :] << (32 + shift)) // tried[:, None])
        least = np.where(first <= high[rest, None], reach - (first << FRACTION_BITS), _FAR_BELOW)
        most = np.where(before >= low[rest, None], reach - (before << FRACTION_BITS) - 1, _FAR_ABOVE)
        least, most = least.max(axis=1), most.min(axis=1)
        # Where only one side is asked for, its end is as good as any value beyond it.
        chosen = np.where(least == _FAR_BELOW, most, np.where(most == _FAR_ABOVE, least, (least + most) >> 1))
        solved[rest], bias[rest], multiplier[rest] = least <= most, chosen, tried
    return solved, bias, multiplier

"""A short exact way to add two rescaled int8 values: all 65,536 pairs of inputs are tried.

The reference rescales each input with 20 more bits, adds, and rescales again, rounding each time
(`CalculateOpDataAdd`); what it computes is close to a weighted sum of the inputs.  `Added` is one in 16.16
fixed point, its constants chosen so that every pair gives the reference's byte, or there is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from toolchain.compile.requantise import INT32_MAX, Multiplier
from toolchain.compile.requantise_forms import steps_above_zero_point
from toolchain.vocabulary.graph import Quantisation

Integers = npt.NDArray[np.int64]

FRACTION_BITS = 16
_EXTRA_BITS = 20
_VALUES = np.arange(-128, 128, dtype=np.int64)
# Multipliers around those that the scales give, as they come to be tried.
_NUDGES = sorted(product(range(-4, 5), repeat=2), key=lambda pair: abs(pair[0]) + abs(pair[1]))
_NO_BOUND = 2**62


@dataclass(frozen=True, slots=True)
class Added:
    """output + 128 = USAT8((offset + (256 * x1 * multiplier1 >> 16) + the same of x2) >> 16)."""

    offset: int
    multiplier1: int
    multiplier2: int


def reference_sums(
    inputs: tuple[Quantisation, Quantisation],
    output: Quantisation,
    multipliers: tuple[Multiplier, Multiplier, Multiplier],
    sign: int,
) -> Integers:
    """The reference's output for every pair of inputs, saturated to int8: (256, 256); `sign` -1 subtracts."""
    first, second = (
        _rescaled((_VALUES - given.zero_point) << _EXTRA_BITS, multiplier)
        for given, multiplier in zip(inputs, multipliers[:2], strict=True)
    )
    sums = _rescaled(first[:, None] + sign * second[None, :], multipliers[2])
    return (sums + output.zero_point).clip(-128, 127)


def _rescaled(values: Integers, multiplier: Multiplier) -> Integers:
    """`multiply`, for multipliers below 1."""
    return steps_above_zero_point(values, np.array([multiplier.value]), np.array([-multiplier.shift]))


def added_form(
    inputs: tuple[Quantisation, Quantisation],
    output: Quantisation,
    multipliers: tuple[Multiplier, Multiplier, Multiplier],
    sign: int = 1,
) -> Added | str:
    """`Added` for int8 outputs that nothing else clamps, or why not."""
    wanted = reference_sums(inputs, output, multipliers, sign)
    reals = [given.scale / output.scale * 2.0 ** (FRACTION_BITS + 8) for given in inputs]
    if max(reals) > INT32_MAX - len(_NUDGES):
        return "an input's scale is 128 times the output's, or more"
    # The sum, without the offset, has to lie in these bounds less the offset.
    least = np.where(wanted > -128, (wanted + 128) << FRACTION_BITS, -_NO_BOUND)
    most = np.where(wanted < 127, ((wanted + 129) << FRACTION_BITS) - 1, _NO_BOUND)
    for nudge1, nudge2 in _NUDGES:
        first, second = round(reals[0]) + nudge1, sign * (round(reals[1]) + nudge2)
        sums = (256 * _VALUES * first >> 16)[:, None] + (256 * _VALUES * second >> 16)[None, :]
        low, high = int((least - sums).max()), int((most - sums).min())
        if low > high:
            continue
        # Where one side alone is asked for, its end is as good as any value beyond it.
        offset = high if low < -_NO_BOUND // 2 else low if high > _NO_BOUND // 2 else (low + high) // 2
        if int(np.abs(sums + offset).max()) > INT32_MAX or abs(offset) > INT32_MAX:
            return "a sum can exceed 32 bits"
        return Added(offset, first, second)
    return "no constants are right for all pairs of inputs"

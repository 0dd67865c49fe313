"""A short exact way to add two rescaled int8 values in products of 32 bits: all 65,536 pairs are tried.

As `Added` (see toolchain.compile.added_form), for cores without SMLAW: the inputs' factors are whole numbers
of 2**-21, and one rounding stands for the reference's three.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from toolchain.compile.added_form import reference_sums
from toolchain.compile.requantise import INT32_MAX, Multiplier
from toolchain.vocabulary.graph import Quantisation

FRACTION_BITS = 21
"""What kernels/add_s8_products.c shifts by."""

_VALUES = np.arange(-128, 128, dtype=np.int64)
# Multipliers around those that the scales give, as they come to be tried.
_NUDGES = sorted(product(range(-4, 5), repeat=2), key=lambda pair: abs(pair[0]) + abs(pair[1]))
_NO_BOUND = 2**62


@dataclass(frozen=True, slots=True)
class WeightedSum:
    """output = SSAT8((offset + multiplier1 * x1 + multiplier2 * x2) >> FRACTION_BITS)."""

    offset: int
    multiplier1: int
    multiplier2: int


def weighted_sum(
    inputs: tuple[Quantisation, Quantisation],
    output: Quantisation,
    multipliers: tuple[Multiplier, Multiplier, Multiplier],
    sign: int = 1,
) -> WeightedSum | str:
    """`WeightedSum` for int8 outputs that nothing else clamps, or why not; `sign` -1 subtracts."""
    wanted = reference_sums(inputs, output, multipliers, sign)
    reals = [given.scale / output.scale * 2.0**FRACTION_BITS for given in inputs]
    if max(reals) * 256 > INT32_MAX:
        return "an input's scale is 4 times the output's, or more"
    # The sum, without the offset, has to lie in these bounds less the offset.
    least = np.where(wanted > -128, wanted << FRACTION_BITS, -_NO_BOUND)
    most = np.where(wanted < 127, ((wanted + 1) << FRACTION_BITS) - 1, _NO_BOUND)
    for nudge1, nudge2 in _NUDGES:
        first, second = round(reals[0]) + nudge1, sign * (round(reals[1]) + nudge2)
        sums = first * _VALUES[:, None] + second * _VALUES[None, :]
        low, high = int((least - sums).max()), int((most - sums).min())
        if low > high:
            continue
        # Where one side alone is asked for, its end is as good as any value beyond it.
        offset = high if low < -_NO_BOUND // 2 else low if high > _NO_BOUND // 2 else (low + high) // 2
        # The kernel adds one product after the other, in either order.
        parts = [sums, *(factor * _VALUES[:, None] for factor in (first, second))]
        if max(int(np.abs(part + extra).max()) for part in parts for extra in (0, offset)) > INT32_MAX:
            return "a sum can exceed 32 bits"
        return WeightedSum(offset, first, second)
    return "no constants are right for all pairs of inputs"

"""gemmlowp's fixed-point exponential, logistic and tanh functions, for tables made at compile time.

Numbers are "Qm.n": m integer and n = 31 - m fractional bits of an int32.
"""

from __future__ import annotations

from toolchain.compile.requantise import (
    INT32_MAX,
    INT32_MIN,
    doubling_high_multiply,
    rounding_shift_right,
    wrap_int32,
)

# Q0.31: exp(-1/8), 1/3, and exp(-2**k) for k = -2 … 4.
_EXP_MINUS_EIGHTH = 1895147668
_ONE_THIRD = 715827883
_EXP_MINUS_POWER_OF_TWO = (
    (-2, 1672461947),
    (-1, 1302514674),
    (0, 790015084),
    (1, 290630308),
    (2, 39332535),
    (3, 720401),
    (4, 242),
)
# Q2.29: 48/17 and -32/17, the starting line of the Newton-Raphson division.
_FORTY_EIGHT_SEVENTEENTHS = 1515870810
_MINUS_THIRTY_TWO_SEVENTEENTHS = -1010580540


def saturating_shift_left(value: int, bits: int) -> int:
    """gemmlowp's SaturatingRoundingMultiplyByPOT for a positive exponent."""
    limit = (1 << (31 - bits)) - 1
    if value > limit:
        return INT32_MAX
    return INT32_MIN if value < -limit else value << bits


def _exp_near_minus_eighth(value: int) -> int:
    """exp(value) for value in [-1/4, 0), Q0.31: a Taylor expansion around -1/8."""
    x = value + (1 << 28)
    x2 = doubling_high_multiply(x, x)
    x3 = doubling_high_multiply(x2, x)
    x4_over_4 = rounding_shift_right(doubling_high_multiply(x2, x2), 2)
    tail = rounding_shift_right(doubling_high_multiply(x4_over_4 + x3, _ONE_THIRD) + x2, 1)
    return wrap_int32(_EXP_MINUS_EIGHTH + doubling_high_multiply(_EXP_MINUS_EIGHTH, x + tail))


def exp_of_negative(value: int, integer_bits: int) -> int:
    """exp(value) for value <= 0 in Q<integer_bits>, at most 5 integer bits; the result is Q0.31."""
    if value == 0:
        return INT32_MAX
    fraction_bits = 31 - integer_bits
    quarter = 1 << (fraction_bits - 2)
    part = (value & (quarter - 1)) - quarter
    result = _exp_near_minus_eighth(saturating_shift_left(part, integer_bits))
    rest = part - value
    for exponent, factor in _EXP_MINUS_POWER_OF_TWO:
        if integer_bits > exponent and rest & (1 << (fraction_bits + exponent)):
            result = doubling_high_multiply(result, factor)
    return result


def _twice_reciprocal(value: int) -> int:
    """2 / (1 + value) for value in [0, 1), Q0.31; the result is Q2.29: three Newton-Raphson steps."""
    half_denominator = (value + INT32_MAX + 1) // 2
    x = _FORTY_EIGHT_SEVENTEENTHS + doubling_high_multiply(half_denominator, _MINUS_THIRTY_TWO_SEVENTEENTHS)
    for _ in range(3):
        error = (1 << 29) - doubling_high_multiply(half_denominator, x)
        x = wrap_int32(x + saturating_shift_left(doubling_high_multiply(x, error), 2))
    return x


def reciprocal_of_one_plus(value: int) -> int:
    """1 / (1 + value) for value in [0, 1), both Q0.31."""
    return saturating_shift_left(_twice_reciprocal(value), 1)


def logistic(value: int, integer_bits: int) -> int:
    """1 / (1 + exp(-value)), `value` in Q<integer_bits>; the result is Q0.31."""
    if value == 0:
        return 1 << 30
    positive = reciprocal_of_one_plus(exp_of_negative(-abs(value), integer_bits))
    return positive if value > 0 else INT32_MAX - positive


def tanh(value: int, integer_bits: int) -> int:
    """tanh(value), `value` in Q<integer_bits>; the result is Q0.31.

    It is (1 - e) / (1 + e) of e = exp(-2 |value|), with the sign of `value`.
    """
    if value == 0:
        return 0
    exponential = exp_of_negative(-abs(value), integer_bits + 1)
    positive = saturating_shift_left(wrap_int32(_twice_reciprocal(exponential) - (1 << 29)), 2)
    return positive if value > 0 else -positive

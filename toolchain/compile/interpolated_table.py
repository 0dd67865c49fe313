"""Tables for functions of an int16: 513 points, straight lines between them (`LUTPopulateInt16`).

Every step is the reference's, in float32 and in its order (tensorflow/lite/kernels/internal/common.h).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

_INTERVALS = 512
_LOW, _HIGH = np.float32(-(2**15)), np.float32(2**15 - 1)
_STEPS = np.float32(2**16 - 1)


def _round(value: np.float32) -> np.float32:
    """C's roundf: halves away from zero.  In float64 the sum is exact for all that rounding can change."""
    return np.float32(math.copysign(math.floor(abs(float(value)) + 0.5), float(value)))


def interpolated_table(
    function: Callable[[np.float32], np.float32],
    input_scale: np.float32,
    input_zero_point: np.float32,
    output_scale: np.float32,
) -> npt.NDArray[np.int16]:
    """The points of `function` at -32768, -32640, … 32768, shape (513,).

    Each point but the last is moved by half of what a straight line to the next would err in the middle.
    """
    first = input_scale * (_LOW - input_zero_point)
    step = (input_scale * (_HIGH - input_zero_point) - first) / np.float32(_INTERVALS)
    half_step = step / np.float32(2)
    inverse = np.float32(2**16) / (output_scale * _HIGH - output_scale * _LOW)
    table = np.zeros(_INTERVALS + 1, np.int16)
    for i in range(_INTERVALS):
        here = first + np.float32(i) * step
        sample = _round(function(here) * inverse)
        following = function(first + np.float32(i + 1) * step) * inverse
        between = _round((following + sample) / np.float32(2))
        error = between - _round(function(here + half_step) * inverse)
        table[i] = _clamp(sample - _round(error / np.float32(2)))
    last = input_scale * (_HIGH - input_zero_point)
    table[_INTERVALS] = _clamp(_round(function(last) * inverse))
    return table


def _clamp(value: np.float32) -> int:
    return int(min(max(value, _LOW), _HIGH))


def exponential_table() -> npt.NDArray[np.int16]:
    """exp(x) for x in [-10, 0], Q0.15 (`InitializeLutForInt16`)."""
    return interpolated_table(
        lambda x: np.float32(math.exp(float(x))), np.float32(10) / _STEPS, _HIGH, np.float32(2) / _STEPS
    )


def reciprocal_table() -> npt.NDArray[np.int16]:
    """1 / (1 + x) for x in [0, 1], Q0.15."""
    one = np.float32(1)
    return interpolated_table(lambda x: one / (one + x), one / _STEPS, _LOW, np.float32(2) / _STEPS)

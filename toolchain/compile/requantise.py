"""Quantisation arithmetic, step for step as TensorFlow Lite Micro does it, float32 and float64 included.

The names follow `tensorflow/lite/kernels/internal/quantization_util.cc` and `kernel_util.cc`; what is
float there is `np.float32` here, what is double is a Python float.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from toolchain.vocabulary.graph import Quantisation

INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1
# `1 << shift` is what the reference computes; beyond this it is undefined there.
MAX_LEFT_SHIFT = 30


@dataclass(frozen=True, slots=True)
class Multiplier:
    """A positive real number as value * 2**(shift - 31), value a Q0.31 integer."""

    value: int
    shift: int


def round_half_away(value: float) -> int:
    """C's round(): nearest integer, halves away from zero."""
    whole = math.floor(abs(value))
    rounded = whole + (1 if abs(value) - whole >= 0.5 else 0)
    return rounded if value >= 0 else -rounded


def quantise_multiplier(real: float) -> Multiplier:
    """`QuantizeMultiplier`: the Q0.31 significand of `real` and its exponent; 0 below 2**-32."""
    if real == 0.0:
        return Multiplier(0, 0)
    significand, shift = math.frexp(real)
    value = round_half_away(significand * 2.0**31)
    if value == 2**31:
        value //= 2
        shift += 1
    return Multiplier(0, 0) if shift < -31 else Multiplier(value, shift)


def product_scale(input_scale: float, filter_scale: float, output_scale: float) -> float:
    """input * filter / output in float64, of float32 scales (`PopulateConvolutionQuantizationParams`).

    Older sources round the product to float32 where a layer has one scale for all weights
    (`GetQuantizedConvolutionMultipler`); the pinned wheel does not, as sums near a tie show.
    """
    return input_scale * filter_scale / output_scale


def quantise_activation(real: float, quantisation: Quantisation) -> int:
    """zero point + round(real / scale), divided in float32 (`Quantize` in kernel_util.cc)."""
    scaled = np.float32(real) / np.float32(quantisation.scale)
    return quantisation.zero_point + round_half_away(float(scaled))


def activation_range(
    activation: str, quantisation: Quantisation, low: int = -128, high: int = 127
) -> tuple[int, int]:
    """What a fused activation leaves of `low`…`high` (`CalculateActivationRangeQuantized`)."""
    if activation in ("RELU", "RELU6"):
        low = max(low, quantise_activation(0.0, quantisation))
    if activation == "RELU6":
        high = min(high, quantise_activation(6.0, quantisation))
    if activation == "RELU_N1_TO_1":
        low = max(low, quantise_activation(-1.0, quantisation))
        high = min(high, quantise_activation(1.0, quantisation))
    return low, high


def wrap_int32(value: int) -> int:
    """`value` modulo 2**32, as a signed 32-bit integer."""
    return (value + 2**31) % 2**32 - 2**31


def doubling_high_multiply(a: int, b: int) -> int:
    """gemmlowp's SaturatingRoundingDoublingHighMul: round(a * b / 2**31)."""
    if a == b == INT32_MIN:
        return INT32_MAX
    return (a * b + 2**30) >> 31


def rounding_shift_right(value: int, exponent: int) -> int:
    """gemmlowp's RoundingDivideByPOT: round(value / 2**exponent), halves away from zero."""
    mask = (1 << exponent) - 1
    threshold = (mask >> 1) + (1 if value < 0 else 0)
    return (value >> exponent) + (1 if value & mask > threshold else 0)


def multiply(value: int, multiplier: Multiplier) -> int:
    """`MultiplyByQuantizedMultiplier` with double rounding."""
    left, right = max(multiplier.shift, 0), max(-multiplier.shift, 0)
    shifted = wrap_int32(value << left)
    return rounding_shift_right(doubling_high_multiply(shifted, multiplier.value), right)


def clamp(value: int, low: int = -128, high: int = 127) -> int:
    """`value`, kept within low..high."""
    return min(max(value, low), high)

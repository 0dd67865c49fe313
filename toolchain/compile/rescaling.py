"""Multipliers between scales: in float64, and in float32 where the reference still has that."""

from __future__ import annotations

import numpy as np

from toolchain.compile.layer_view import LayerView, quantisation
from toolchain.compile.requantise import MAX_LEFT_SHIFT, Multiplier, quantise_multiplier

# Stands for an infinite ratio: far beyond every rule, and frexp can still take it apart.
_BEYOND = 2.0**100


def float32_ratio(numerator: float, denominator: float) -> float:
    """numerator / denominator of two float32 numbers, rounded to float32; at most 2**100."""
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        return min(float(np.float32(numerator) / np.float32(denominator)), _BEYOND)


def float32_product(a: float, b: float) -> float:
    """a * b of two float32 numbers, rounded to float32; infinite beyond it."""
    with np.errstate(over="ignore", under="ignore"):
        return float(np.float32(a) * np.float32(b))


def scale_ratio(layer: LayerView) -> Multiplier:
    """Input scale / output scale, divided in float64."""
    return quantise_multiplier(quantisation(layer.input()).scale / quantisation(layer.output()).scale)


def scale_ratio_range(layer: LayerView) -> str | None:
    """The scales differ by less than 2**30."""
    return "its scales differ by 2**30 or more" if scale_ratio(layer).shift > MAX_LEFT_SHIFT else None

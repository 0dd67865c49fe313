"""The multiplier between the scales of input and output, and the rule on it."""

from __future__ import annotations

from toolchain.compile.layer_view import LayerView, quantisation
from toolchain.compile.requantise import MAX_LEFT_SHIFT, Multiplier, quantise_multiplier


def scale_ratio(layer: LayerView) -> Multiplier:
    """Input scale / output scale, divided in float64."""
    return quantise_multiplier(quantisation(layer.input()).scale / quantisation(layer.output()).scale)


def scale_ratio_range(layer: LayerView) -> str | None:
    """The scales differ by less than 2**30."""
    return "its scales differ by 2**30 or more" if scale_ratio(layer).shift > MAX_LEFT_SHIFT else None

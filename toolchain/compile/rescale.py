"""Rescaling, element by element, of int16 activations."""

from __future__ import annotations

from toolchain.compile.activation_types import place_of
from toolchain.compile.layer_view import LayerView
from toolchain.compile.lowering import Lowering, Parameters, PendingCall
from toolchain.compile.requantise import Multiplier

ONE = Multiplier(2**30, 1)
"""Rescaling by this changes nothing."""


def lower_rescale(
    layer: LayerView, multiplier: Multiplier, low: int = -(2**15), high: int = 2**15 - 1
) -> Lowering:
    """int16 to int16, clamped to `low`…`high`; in place where the input dies."""
    parameters: Parameters = {
        "elements": layer.output().elements,
        "multiplier": multiplier.value,
        "shift": multiplier.shift,
        "minimum": low,
        "maximum": high,
    }
    call = PendingCall("rescale_s16", parameters, (place_of(layer.input()), place_of(layer.output())))
    return Lowering((call,), in_place=((layer.output().index, layer.input().index),))

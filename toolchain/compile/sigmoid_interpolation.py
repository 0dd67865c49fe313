"""What LOGISTIC and TANH on int16 have in common: the table, and how arguments are brought to its steps."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from toolchain.compile.activation_types import is_int16, kernel_for, place_of
from toolchain.compile.layer_view import LayerView, quantisation
from toolchain.compile.lowering import ConstantPool, Lowering, Parameters, PendingCall, Rule
from toolchain.compile.requantise import Multiplier, round_half_away

_ENTRIES = 256
_ENTRIES_PER_UNIT = 24
# Arguments of a power-of-two scale are multiplied by 3; others by their scale in steps of 1/(3 * 4096).
_STEPS_PER_UNIT = 3.0 * 4096.0
_LARGEST_MULTIPLIER = 2**15 - 1
_LARGEST_SHIFT = 31
_OUTPUT_EXPONENT = -15


def sigmoid_table() -> npt.NDArray[np.uint16]:
    """The logistic function at 0, 1/24, … 255/24 in steps of 2**-16; the last entry stands for 1.

    Between two entries the kernels follow a straight line, which runs below the curve; so each is raised
    by half of what that line would lack in the middle.
    """

    def exact(position: float) -> float:
        return 2**16 / (1 + math.exp(-position / _ENTRIES_PER_UNIT))

    points = []
    for i in range(_ENTRIES - 1):
        lacking = exact(i + 0.5) - (exact(i) + exact(i + 1)) / 2
        points.append(round_half_away(exact(i) + lacking / 2))
    return np.array([*points, 2**16 - 1], np.uint16)


def _exponent(scale: float) -> tuple[int, bool]:
    """The nearest power of two, and whether it is within 0.001 in the logarithm (`CheckedLog2`)."""
    exact = np.float32(math.log(scale)) * (np.float32(1) / np.float32(math.log(2.0)))
    nearest = round_half_away(float(exact))
    return nearest, bool(abs(exact - np.float32(nearest)) < np.float32(1e-3))


def _argument_multiplier(scale: float, exponents: range) -> Multiplier:
    """From input to argument steps: value / 2**shift.  `exponents` are those of scales that need no shift."""
    exponent, is_power = _exponent(scale)
    if is_power and exponent in exponents:
        return Multiplier(3 << (exponent - exponents.start), 0)
    real, shift = scale * _STEPS_PER_UNIT, 0
    while real <= _LARGEST_MULTIPLIER / 2.0 and shift < _LARGEST_SHIFT:
        real *= 2.0
        shift += 1
    return Multiplier(int(real), shift)


def sixteen_bit_scales(exponents: range) -> Rule:
    """A rule on the scales of an int16 layer."""

    def rule(layer: LayerView) -> str | None:
        """With int16, the output's scale is 2**-15, and the input's from 2**-44 to 2.6."""
        if not is_int16(layer):
            return None
        scale = quantisation(layer.output()).scale
        if _exponent(scale) != (_OUTPUT_EXPONENT, True):
            return f"its output has the scale {scale:g}, not 2**-15"
        scale = quantisation(layer.input()).scale
        in_range = 0 < _argument_multiplier(scale, exponents).value <= _LARGEST_MULTIPLIER
        return None if in_range else f"its input has the scale {scale:g}"

    return rule


def lower_interpolated(layer: LayerView, pool: ConstantPool, name: str, exponents: range) -> Lowering:
    """One call of the kernel `name`; in place where the input dies."""
    multiplier = _argument_multiplier(quantisation(layer.input()).scale, exponents)
    parameters: Parameters = {
        "elements": layer.output().elements,
        "multiplier": multiplier.value,
        "shift": multiplier.shift,
        "table": pool.add(
            "sigmoid", "uint16_t", sigmoid_table(), role="table", comment="1 / (1 + exp(-i / 24))"
        ),
    }
    places = place_of(layer.input()), place_of(layer.output())
    return Lowering(
        (PendingCall(kernel_for(layer, name), parameters, places),),
        in_place=((layer.output().index, layer.input().index),),
    )

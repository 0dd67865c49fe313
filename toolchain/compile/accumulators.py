"""Sums of products, by the type of the activations: rules on bias and scales, and the constants of a layer.

With int16 activations the reference has two forms (`MultiplyByQuantizedMultiplier` of int64 and of int32).
Sums have 64 bits and multipliers 15, with one rounding; but where the bias is int32, or absent and declared
int32 (`quantized_bias_type`), sums wrap at 32 bits and are rescaled as with int8 activations.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from toolchain.compile.activation_types import is_int16, output_range
from toolchain.compile.layer_view import LayerView, quantisation, values
from toolchain.compile.lowering import ConstantPool, Rule
from toolchain.compile.requantise import Multiplier
from toolchain.compile.weights import (
    accumulator_overflow,
    constant_int32_bias,
    output_stage,
    pack,
    too_large_multiplier,
)
from toolchain.vocabulary.program import ParameterValue

# What the reference's 64-bit form is defined for.
_WIDE_MAX_SHIFT = 7
_WIDE_MAX_SUM = 2**47 - 1


def constant_bias(*wide_types: str) -> Rule:
    """A rule on the bias, which may have one of `wide_types` with int16 activations."""
    names = " or ".join(dtype.lower() for dtype in wide_types)

    def rule(layer: LayerView) -> str | None:
        if not is_int16(layer):
            return constant_int32_bias(layer)
        bias = layer.optional_input(2)
        if bias is None:
            return None
        if not bias.is_constant or bias.dtype not in wide_types:
            return f"its bias {bias.name!r} is no {names} constant"
        channels = layer.output().shape[-1] if layer.output().shape else 0
        found = bias.elements
        return None if found == channels else f"its bias has {found} values for {channels} channels"

    rule.__doc__ = (
        f"A bias is a constant with one value an output channel: int32, with int16 activations {names}."
    )
    return rule


def accumulator_bits(layer: LayerView) -> int:
    """How wide the reference's sums are."""
    if not is_int16(layer):
        return 32
    bias = layer.optional_input(2)
    declared = layer.operator.options.get("quantized_bias_type") if bias is None else bias.dtype
    return 32 if declared == "INT32" else 64


def multipliers_in_range(multipliers: Callable[[LayerView], Sequence[Multiplier]]) -> Rule:
    """A rule on the factors from a layer's sums to its outputs."""

    def rule(layer: LayerView) -> str | None:
        """No rescaling by 2**30 or more, 2**7 with 64-bit sums: the reference is undefined there."""
        found = multipliers(layer)
        if accumulator_bits(layer) == 32:
            return too_large_multiplier(found)
        largest = max(multiplier.shift for multiplier in found)
        if largest <= _WIDE_MAX_SHIFT:
            return None
        return f"its scales ask for a factor of 2**{largest - 1} or more"

    return rule


def sums_in_range(channel_axis: int) -> Rule:
    """A rule on the largest sums that a layer's weights allow."""

    def rule(layer: LayerView) -> str | None:
        """No input can take a sum over 32 bits, or 48 with int16 activations (32-bit ones wrap)."""
        if not is_int16(layer):
            return accumulator_overflow(layer, channel_axis)
        rows = _rows(layer, channel_axis)
        products = 2**15 * np.abs(rows).sum(axis=1)
        # In Python's integers, since the bias may be any int64.
        reach = max(abs(int(b)) + int(p) for b, p in zip(bias_of(layer, len(rows)), products, strict=True))
        return "its accumulator can exceed 48 bits" if reach > _WIDE_MAX_SUM else None

    return rule


def _rows(layer: LayerView, channel_axis: int) -> npt.NDArray[np.int64]:
    weights = np.moveaxis(values(layer.input(1)), channel_axis, 0)
    return weights.reshape(weights.shape[0], -1)


def bias_of(layer: LayerView, channels: int) -> npt.NDArray[np.int64]:
    """The bias, shape (channels,); zeros where there is none."""
    bias = layer.optional_input(2)
    return np.zeros(channels, np.int64) if bias is None else values(bias).reshape(-1)


def input_parameters(layer: LayerView) -> dict[str, ParameterValue]:
    """The input's zero point, where the type has one."""
    return {} if is_int16(layer) else {"input_zero_point": quantisation(layer.input()).zero_point}


def stage_and_constants(
    layer: LayerView,
    pool: ConstantPool,
    multipliers: Sequence[Multiplier],
    rows: npt.NDArray[np.int64],
) -> dict[str, ParameterValue]:
    """What turns sums into outputs, and the constants in the file's layout; `rows` is (channels, taps)."""
    if not is_int16(layer):
        return {**output_stage(layer), **pack(layer, pool, multipliers, rows)}
    constants = pack_s16(layer, pool, multipliers, values(layer.input(1)), bias_of(layer, len(rows)))
    return {**output_stage_s16(layer), **constants}


def output_stage_s16(layer: LayerView) -> dict[str, ParameterValue]:
    """Width of the sums and clamping range of the output."""
    low, high = output_range(layer)
    return {"accumulator_bits": accumulator_bits(layer), "activation_min": low, "activation_max": high}


def pack_s16(
    layer: LayerView,
    pool: ConstantPool,
    multipliers: Sequence[Multiplier],
    weights: npt.NDArray[np.int64],
    bias: npt.NDArray[np.int64],
) -> dict[str, ParameterValue]:
    """Weights and bias as the kernel wants them, multipliers with as many bits as the reference uses."""
    number, name = layer.operator.index, layer.name
    if accumulator_bits(layer) == 64:
        multipliers = [reduced(multiplier) for multiplier in multipliers]
    if len(set(multipliers)) == 1:
        multipliers = multipliers[:1]
    scale = np.array([m.value for m in multipliers], np.int32)
    shift = np.array([m.shift for m in multipliers], np.int8)
    return {
        "requantise_step": 0 if len(multipliers) == 1 else 1,
        "weights": pool.add(
            f"{number}_weights", "int8_t", weights.astype(np.int8), role="weights", comment=name
        ),
        "bias": pool.add(f"{number}_bias", "int64_t", bias, role="weights", comment=name),
        "multiplier": pool.add(f"{number}_multiplier", "int32_t", scale, role="table", comment=name),
        "shift": pool.add(f"{number}_shift", "int8_t", shift, role="table", comment=name),
    }


def reduced(multiplier: Multiplier) -> Multiplier:
    """The multiplier with 15 bits: value * 2**(shift - 15)."""
    value = multiplier.value
    return Multiplier((value + 2**15) >> 16 if value < 0x7FFF0000 else 0x7FFF, multiplier.shift)

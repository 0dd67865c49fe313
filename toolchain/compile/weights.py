"""Weights, biases and requantisation tables of convolutions and fully connected layers: rules and packing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from toolchain.compile.layer_view import LayerView, quantisation, values
from toolchain.compile.lowering import ConstantPool
from toolchain.compile.requantise import (
    INT32_MAX,
    MAX_LEFT_SHIFT,
    Multiplier,
    activation_range,
    product_scale,
    quantise_multiplier,
)
from toolchain.vocabulary.program import ParameterValue


def constant_int8_weights(layer: LayerView) -> str | None:
    """Weights are int8 constants with zero point 0."""
    weights = layer.input(1)
    if not weights.is_constant or weights.dtype != "INT8" or weights.elements == 0:
        return f"its weights {weights.name!r} are no int8 constant"
    if weights.quantisation is None:
        return f"its weights {weights.name!r} are not quantised"
    if any(weights.quantisation.zero_points):
        return f"its weights {weights.name!r} have a zero point that is not 0"
    return None


def constant_int32_bias(layer: LayerView) -> str | None:
    """A bias, where there is one, is an int32 constant with one value an output channel."""
    bias = layer.optional_input(2)
    if bias is None:
        return None
    if not bias.is_constant or bias.dtype != "INT32":
        return f"its bias {bias.name!r} is no int32 constant"
    channels = layer.output().shape[-1] if layer.output().shape else 0
    return (
        None if bias.elements == channels else f"its bias has {bias.elements} values for {channels} channels"
    )


def convolution_multipliers(layer: LayerView) -> list[Multiplier]:
    """One multiplier, or one an output channel where the weights are quantised per channel."""
    input_scale, output_scale = quantisation(layer.input()).scale, quantisation(layer.output()).scale
    return [
        quantise_multiplier(product_scale(input_scale, scale, output_scale))
        for scale in quantisation(layer.input(1)).scales
    ]


def too_large_multiplier(multipliers: Sequence[Multiplier]) -> str | None:
    """No rescaling by 2**30 or more: the reference's arithmetic is undefined there."""
    largest = max(multiplier.shift for multiplier in multipliers)
    return f"its scales ask for a factor of 2**{largest - 1} or more" if largest > MAX_LEFT_SHIFT else None


def accumulator_overflow(layer: LayerView, channel_axis: int) -> str | None:
    """No input can take the 32-bit accumulator over its limit."""
    weights = np.moveaxis(values(layer.input(1)), channel_axis, 0)
    rows = weights.reshape(weights.shape[0], -1)
    reach = np.abs(folded_bias(layer, rows)) + 128 * np.abs(rows).sum(axis=1)
    return "its accumulator can exceed 32 bits" if int(reach.max()) > INT32_MAX else None


def folded_bias(layer: LayerView, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """bias - input zero point * (sum of the row's weights): with it, inputs are used as they are stored.

    `rows` has shape (channels, taps).  Exact, since sum(w * (x - z)) = sum(w * x) - z * sum(w); the
    kernels let padding read as z, so that the sum is always over all taps.
    """
    bias = layer.optional_input(2)
    start = np.zeros(rows.shape[0], np.int64) if bias is None else values(bias).reshape(-1)
    folded: npt.NDArray[np.int64] = start - quantisation(layer.input()).zero_point * rows.sum(axis=1)
    return folded


def output_stage(layer: LayerView) -> dict[str, ParameterValue]:
    """Zero point and clamping range of the output."""
    target = quantisation(layer.output())
    low, high = activation_range(layer.text("fused_activation_function"), target)
    return {"output_zero_point": target.zero_point, "activation_min": low, "activation_max": high}


def pack(
    layer: LayerView,
    pool: ConstantPool,
    multipliers: Sequence[Multiplier],
    rows: npt.NDArray[np.int64],
) -> dict[str, ParameterValue]:
    """The constants of a layer in the model file's own weight layout; `rows` is (channels, taps)."""
    return pack_as(layer, pool, multipliers, values(layer.input(1)), folded_bias(layer, rows))


def pack_as(
    layer: LayerView,
    pool: ConstantPool,
    multipliers: Sequence[Multiplier],
    weights: npt.NDArray[np.int64],
    bias: npt.NDArray[np.int64],
) -> dict[str, ParameterValue]:
    """The constants of a layer with weights and bias as the kernel wants them, zero point folded in."""
    number = layer.operator.index
    if len(set(multipliers)) == 1:
        multipliers = multipliers[:1]
    scale = np.array([m.value for m in multipliers], np.int32)
    shift = np.array([m.shift for m in multipliers], np.int8)
    name = layer.name
    return {
        "requantise_step": 0 if len(multipliers) == 1 else 1,
        "weights": pool.add(
            f"{number}_weights", "int8_t", weights.astype(np.int8), role="weights", comment=name
        ),
        "bias": pool.add(
            f"{number}_bias",
            "int32_t",
            bias.astype(np.int32),
            role="weights",
            comment=f"{name}, zero point folded in",
        ),
        "multiplier": pool.add(f"{number}_multiplier", "int32_t", scale, role="table", comment=name),
        "shift": pool.add(f"{number}_shift", "int8_t", shift, role="table", comment=name),
    }

"""SVDF: a filter over features, then one over time, with the state as int8 or int16."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from toolchain.compile.layer_view import LayerView, quantisation, values
from toolchain.compile.lowering import (
    ConstantPool,
    Lowering,
    OperatorSupport,
    Parameters,
    PendingCall,
    TensorPlace,
)
from toolchain.compile.requantise import (
    INT32_MAX,
    MAX_LEFT_SHIFT,
    Multiplier,
    product_scale,
    quantise_multiplier,
)
from toolchain.compile.rules import input_is_no_constant, inputs_and_outputs, int8_activations
from toolchain.compile.variable_tensors import own_state
from toolchain.compile.weights import constant_int8_weights
from toolchain.vocabulary.graph import Tensor

_INPUT, _FEATURES, _TIME, _BIAS, _STATE = range(5)
# `PrepareSvdf` allows this difference between the bias's scale and that of what it is added to.
_BIAS_SCALE_DIFFERENCE = 1e-5
_KERNELS = {"INT8": ("svdf_s8", "int8_t", np.int8), "INT16": ("svdf_s8_s16", "int16_t", np.int16)}


def activation(layer: LayerView) -> str | None:
    """The activation is NONE or RELU; the reference ignores it, and so does the output's quantisation."""
    found = layer.text("fused_activation_function")
    return None if found in ("NONE", "RELU") else f"the fused activation {found}"


def constant_time_weights(layer: LayerView) -> str | None:
    """Weights over time are a constant of the state's type, with one scale and zero point 0."""
    weights, state = layer.input(_TIME), layer.input(_STATE)
    if not weights.is_constant or weights.dtype != state.dtype or weights.dtype not in _KERNELS:
        return f"its weights over time {weights.name!r} are no constant of the state's type {state.dtype}"
    if weights.quantisation is None or weights.quantisation.per_channel or weights.quantisation.zero_point:
        return f"its weights over time {weights.name!r} have not one scale with the zero point 0"
    return None


def shapes(layer: LayerView) -> str | None:
    """[batch, inputs] and weights [filters, inputs], [filters, memory] make [batch, filters / rank]."""
    rank, found = layer.integer("rank"), [layer.input(i).shape for i in (_INPUT, _FEATURES, _TIME, _STATE)]
    if any(len(shape) != 2 for shape in found) or rank < 1:
        return f"its inputs have the shapes {found} and it has the rank {rank}"
    (batch, inputs), (filters, columns), (rows, memory), state = found
    if (filters, inputs) != (rows, columns) or filters % rank or state != (batch, memory * filters):
        return f"its inputs have the shapes {found} and it has the rank {rank}"
    expected = (batch, filters // rank)
    return None if layer.output().shape == expected else f"its output has the shape {layer.output().shape}"


def constant_bias(layer: LayerView) -> str | None:
    """The bias is there, an int32 constant with one value a unit, of the scale state * weights over time."""
    bias = layer.optional_input(_BIAS)
    if bias is None:
        return "it has no bias, which the reference reads all the same"
    if not bias.is_constant or bias.dtype != "INT32" or bias.shape != layer.output().shape[-1:]:
        return f"its bias {bias.name!r} is no int32 constant with a value a unit"
    scale = 0.0 if bias.quantisation is None else bias.quantisation.scale
    product = _scale(layer.input(_STATE)) * _scale(layer.input(_TIME))
    if abs(scale - product) >= _BIAS_SCALE_DIFFERENCE:
        return "the scale of its bias is not that of state times weights over time"
    return None


def one_feature_scale(layer: LayerView) -> str | None:
    """Weights over features have one scale."""
    per_channel = quantisation(layer.input(_FEATURES)).per_channel
    return "its weights over features are quantised per channel" if per_channel else None


def multiplier_range(layer: LayerView) -> str | None:
    """No rescaling by 2**30 or more: the reference's arithmetic is undefined there."""
    largest = max(multiplier.shift for multiplier in _multipliers(layer))
    return f"its scales ask for a factor of 2**{largest - 1} or more" if largest > MAX_LEFT_SHIFT else None


def accumulator_range(layer: LayerView) -> str | None:
    """No input can take the 32-bit sum over features over its limit.

    The sum over time may leave 32 bits: it wraps, as in the reference.
    """
    rows = values(layer.input(_FEATURES))
    reach = int((np.abs(_folded(layer, rows)) + 128 * np.abs(rows).sum(axis=1)).max())
    return "its accumulator can exceed 32 bits" if reach > INT32_MAX else None


def _scale(tensor: Tensor) -> float:
    return quantisation(tensor).scale


def _multipliers(layer: LayerView) -> tuple[Multiplier, Multiplier]:
    """Of the sum over features to the state, and of the sum over time to the output; all in float64."""
    state = _scale(layer.input(_STATE))
    features = product_scale(_scale(layer.input(_INPUT)), _scale(layer.input(_FEATURES)), state)
    time = product_scale(state, _scale(layer.input(_TIME)), _scale(layer.output()))
    return quantise_multiplier(features), quantise_multiplier(time)


def _folded(layer: LayerView, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """What the input's zero point adds to each sum over features."""
    folded: npt.NDArray[np.int64] = -quantisation(layer.input(_INPUT)).zero_point * rows.sum(axis=1)
    return folded


def lower(layer: LayerView, pool: ConstantPool) -> Lowering:
    """One kernel call, which shifts the state and uses it in one go; no scratch."""
    number, name = layer.operator.index, layer.name
    state, rows, time = layer.input(_STATE), values(layer.input(_FEATURES)), values(layer.input(_TIME))
    kernel, c_type, dtype = _KERNELS[state.dtype]
    features, output = _multipliers(layer)
    batch, inputs = layer.input().shape
    filters, memory = time.shape
    parameters: Parameters = {
        "batches": batch,
        "inputs": inputs,
        "units": filters // layer.integer("rank"),
        "rank": layer.integer("rank"),
        "memory": memory,
        "feature_multiplier": features.value,
        "feature_shift": features.shift,
        "state_zero_point": quantisation(state).zero_point,
        "output_multiplier": output.value,
        "output_shift": output.shift,
        "output_zero_point": quantisation(layer.output()).zero_point,
        "features": pool.add(
            f"{number}_features", "int8_t", rows.astype(np.int8), role="weights", comment=name
        ),
        "feature_bias": pool.add(
            f"{number}_feature_bias",
            "int32_t",
            _folded(layer, rows).astype(np.int32),
            role="weights",
            comment=f"{name}, the zero point's share",
        ),
        "time": pool.add(f"{number}_time", c_type, time.astype(dtype), role="weights", comment=name),
        "bias": pool.add(
            f"{number}_bias",
            "int32_t",
            values(layer.input(_BIAS)).astype(np.int32),
            role="weights",
            comment=name,
        ),
    }
    places = (
        TensorPlace(layer.input().index),
        TensorPlace(state.index, c_type=c_type),
        TensorPlace(layer.output().index),
    )
    return Lowering((PendingCall(kernel, parameters, places),), macs=batch * filters * (inputs + memory))


SVDF = OperatorSupport(
    "SVDF",
    (
        inputs_and_outputs(5),
        int8_activations(),
        input_is_no_constant,
        activation,
        constant_int8_weights,
        one_feature_scale,
        own_state(_STATE, "INT8", "INT16"),
        constant_time_weights,
        shapes,
        constant_bias,
        multiplier_range,
        accumulator_range,
    ),
    lower,
    variables=(_STATE,),
)

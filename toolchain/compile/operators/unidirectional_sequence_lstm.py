"""UNIDIRECTIONAL_SEQUENCE_LSTM: int8 activations and weights, an int16 cell state."""

from __future__ import annotations

import math

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
from toolchain.compile.rules import input_is_no_constant, int8_activations
from toolchain.compile.sigmoid_interpolation import sigmoid_table
from toolchain.compile.variable_tensors import own_state
from toolchain.vocabulary.program import ConstantRef, ParameterValue

# Positions of the 24 inputs (lstm_shared.h of TensorFlow Lite Micro); gates: input, forget, cell, output.
_INPUTS = 24
_INPUT_WEIGHTS, _RECURRENT_WEIGHTS, _BIASES = (1, 2, 3, 4), (5, 6, 7, 8), (12, 13, 14, 15)
_HIDDEN, _CELL = 18, 19
_VARIANTS = {
    **dict.fromkeys((9, 10, 11), "peepholes"),
    **dict.fromkeys((16, 17), "a projection"),
    **dict.fromkeys((20, 21, 22, 23), "layer normalisation"),
}
_GATE_SCALE, _FUNCTION_SCALE = 2.0**-12, 2.0**-15
# Exponents of the cell state's scale for which the argument of tanh is a 16-bit multiple, or a shift.
_CELL_EXPONENTS = range(-43, 2)


def all_positions(layer: LayerView) -> str | None:
    """The layer has 24 inputs, those of variants absent (peepholes, projection, layer normalisation)."""
    inputs, outputs = layer.operator.inputs, layer.operator.outputs
    if len(inputs) != _INPUTS or len(outputs) != 1:
        return f"it has {len(inputs)} inputs and {len(outputs)} outputs"
    found = next((what for position, what in _VARIANTS.items() if inputs[position] != -1), None)
    return None if found is None else f"it has {found}"


def activation(layer: LayerView) -> str | None:
    """The cell gate's activation is TANH."""
    found = layer.text("fused_activation_function")
    return None if found == "TANH" else f"the activation {found}"


def constant_weights(layer: LayerView) -> str | None:
    """All weights are int8 constants with one scale and zero point 0."""
    for position in (*_INPUT_WEIGHTS, *_RECURRENT_WEIGHTS):
        tensor = layer.input(position)
        if not tensor.is_constant or tensor.dtype != "INT8" or tensor.elements == 0:
            return f"its weights {tensor.name!r} are no int8 constant"
        found = tensor.quantisation
        if found is None or found.per_channel or found.zero_point:
            return f"its weights {tensor.name!r} have not one scale with the zero point 0"
    return None


def constant_biases(layer: LayerView) -> str | None:
    """Every gate has a bias, an int32 constant with one value a unit."""
    units = layer.output().shape[-1:]
    for position in _BIASES:
        bias = layer.input(position)
        if not bias.is_constant or bias.dtype != "INT32" or bias.shape != units:
            return f"its bias {bias.name!r} is no int32 constant with a value a unit"
    return None


def shapes(layer: LayerView) -> str | None:
    """[batch, steps, inputs], or [steps, batch, inputs], makes as many steps of [units]."""
    given, made = layer.input().shape, layer.output().shape
    if len(given) != 3 or len(made) != 3 or given[:2] != made[:2]:
        return f"its input has the shape {given} and its output {made}"
    units, batch = made[2], given[1] if layer.integer("time_major") else given[0]
    expected = {
        **dict.fromkeys(_INPUT_WEIGHTS, (units, given[2])),
        **dict.fromkeys(_RECURRENT_WEIGHTS, (units, units)),
        **dict.fromkeys((_HIDDEN, _CELL), (batch, units)),
    }
    for position, shape in expected.items():
        tensor = layer.input(position)
        if tensor.shape != shape:
            return f"{tensor.name!r} has the shape {tensor.shape}, where {shape} follows"
    return None


def cell_scale(layer: LayerView) -> str | None:
    """The cell state has the zero point 0 and a power of two from 2**-43 to 2 as its scale."""
    found = quantisation(layer.input(_CELL))
    significand, exponent = math.frexp(found.scale)
    if found.zero_point != 0:
        return f"its cell state has the zero point {found.zero_point}"
    power = significand == 0.5 and exponent - 1 in _CELL_EXPONENTS
    return None if power else f"its cell state has the scale {found.scale:g}"


def multiplier_range(layer: LayerView) -> str | None:
    """No rescaling by 2**30 or more: the reference's arithmetic is undefined there."""
    found = [*_gates(layer, 0, _INPUT_WEIGHTS), *_gates(layer, _HIDDEN, _RECURRENT_WEIGHTS)]
    largest = max(m.shift for m in (*found, _to_cell(layer), _to_output(layer)))
    return f"its scales ask for a factor of 2**{largest - 1} or more" if largest > MAX_LEFT_SHIFT else None


def accumulator_range(layer: LayerView) -> str | None:
    """No input can take a 32-bit accumulator over its limit."""
    for weights, bias in (_packed_input(layer), _packed_recurrent(layer)):
        reach = np.abs(bias) + 128 * np.abs(weights).sum(axis=2)
        if int(reach.max()) > INT32_MAX:
            return "its accumulator can exceed 32 bits"
    return None


def _gates(layer: LayerView, source: int, positions: tuple[int, ...]) -> list[Multiplier]:
    """Each gate's multiplier, from what is summed to steps of 2**-12."""
    scale = quantisation(layer.input(source)).scale
    weights = [quantisation(layer.input(position)).scale for position in positions]
    return [quantise_multiplier(product_scale(scale, weight, _GATE_SCALE)) for weight in weights]


def _to_cell(layer: LayerView) -> Multiplier:
    """Of input gate times cell gate."""
    cell = quantisation(layer.input(_CELL)).scale
    return quantise_multiplier(product_scale(_FUNCTION_SCALE, _FUNCTION_SCALE, cell))


def _to_output(layer: LayerView) -> Multiplier:
    """Of the output gate times the cell state's tanh.  The hidden state's quantisation counts."""
    hidden = quantisation(layer.input(_HIDDEN)).scale
    return quantise_multiplier(product_scale(_FUNCTION_SCALE, _FUNCTION_SCALE, hidden))


_Packed = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]


def _packed_input(layer: LayerView) -> _Packed:
    """Weights [units, 4, inputs] and biases [units, 4] of the input."""
    weights = np.stack([values(layer.input(position)) for position in _INPUT_WEIGHTS], axis=1)
    bias = np.stack([values(layer.input(position)) for position in _BIASES], axis=1)
    return weights, bias - quantisation(layer.input()).zero_point * weights.sum(axis=2)


def _packed_recurrent(layer: LayerView) -> _Packed:
    """The same of the hidden state, which has no bias but its zero point's share."""
    weights = np.stack([values(layer.input(position)) for position in _RECURRENT_WEIGHTS], axis=1)
    return weights, -quantisation(layer.input(_HIDDEN)).zero_point * weights.sum(axis=2)


def _tanh_argument(layer: LayerView) -> Multiplier:
    """From the cell state to steps of 1/(3 * 4096): value / 2**shift."""
    exponent = math.frexp(quantisation(layer.input(_CELL)).scale)[1] - 1 + 12
    return Multiplier(3 << exponent, 0) if exponent >= 0 else Multiplier(3, -exponent)


def _cell_clip(layer: LayerView) -> int:
    """The limit of the cell state in its steps, rounded towards 0; 0 for none (`CreateLstmCellStateInfo`)."""
    clip = layer.real("cell_clip")
    return int(min(clip / quantisation(layer.input(_CELL)).scale, 32767.0)) if clip > 0 else 0


def _constants(layer: LayerView, pool: ConstantPool) -> dict[str, ParameterValue]:
    number, name = layer.operator.index, layer.name

    def keep(part: str, array: npt.NDArray[np.int64], c_type: str, dtype: type[np.generic]) -> ConstantRef:
        return pool.add(f"{number}_{part}", c_type, array.astype(dtype), role="weights", comment=name)

    (given, given_bias), (recurrent, recurrent_bias) = _packed_input(layer), _packed_recurrent(layer)
    return {
        "input_weights": keep("input_weights", given, "int8_t", np.int8),
        "input_bias": keep("input_bias", given_bias, "int32_t", np.int32),
        "recurrent_weights": keep("recurrent_weights", recurrent, "int8_t", np.int8),
        "recurrent_bias": keep("recurrent_bias", recurrent_bias, "int32_t", np.int32),
        "table": pool.add(
            "sigmoid", "uint16_t", sigmoid_table(), role="table", comment="1 / (1 + exp(-i / 24))"
        ),
    }


def _layout(layer: LayerView) -> dict[str, ParameterValue]:
    """Extents, and how far steps and batches lie apart."""
    (first, second, inputs), units = layer.input().shape, layer.output().shape[2]
    time_major = bool(layer.integer("time_major"))
    batches, steps = (second, first) if time_major else (first, second)
    in_batch, in_step = (1, batches) if time_major else (steps, 1)
    return {
        "batches": batches,
        "steps": steps,
        "inputs": inputs,
        "units": units,
        "input_batch_stride": in_batch * inputs,
        "input_step_stride": in_step * inputs,
        "output_batch_stride": in_batch * units,
        "output_step_stride": in_step * units,
    }


def lower(layer: LayerView, pool: ConstantPool) -> Lowering:
    """One kernel call without scratch: a step reads the step before from the output."""
    given, recurrent = _gates(layer, 0, _INPUT_WEIGHTS), _gates(layer, _HIDDEN, _RECURRENT_WEIGHTS)
    cell, output, argument = _to_cell(layer), _to_output(layer), _tanh_argument(layer)
    parameters: Parameters = {
        **_layout(layer),
        "input_multiplier": tuple(m.value for m in given),
        "input_shift": tuple(m.shift for m in given),
        "recurrent_multiplier": tuple(m.value for m in recurrent),
        "recurrent_shift": tuple(m.shift for m in recurrent),
        "cell_multiplier": cell.value,
        "cell_shift": cell.shift,
        "cell_clip": _cell_clip(layer),
        "tanh_multiplier": argument.value,
        "tanh_shift": argument.shift,
        "output_multiplier": output.value,
        "output_shift": output.shift,
        "output_zero_point": quantisation(layer.input(_HIDDEN)).zero_point,
        **_constants(layer, pool),
    }
    places = (
        TensorPlace(layer.input().index),
        TensorPlace(layer.input(_HIDDEN).index),
        TensorPlace(layer.input(_CELL).index, c_type="int16_t"),
        TensorPlace(layer.output().index),
    )
    inputs, units = layer.input().shape[2], layer.output().shape[2]
    return Lowering(
        (PendingCall("unidirectional_sequence_lstm_s8", parameters, places),),
        macs=layer.output().elements * 4 * (inputs + units),
    )


UNIDIRECTIONAL_SEQUENCE_LSTM = OperatorSupport(
    "UNIDIRECTIONAL_SEQUENCE_LSTM",
    (
        all_positions,
        int8_activations(),
        input_is_no_constant,
        activation,
        constant_weights,
        constant_biases,
        own_state(_HIDDEN, "INT8"),
        own_state(_CELL, "INT16"),
        shapes,
        cell_scale,
        multiplier_range,
        accumulator_range,
    ),
    lower,
    variables=(_HIDDEN, _CELL),
)

"""UNIDIRECTIONAL_SEQUENCE_LSTM against the oracle over sequences with a reset, the states included."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import tflite
from hypothesis import given
from hypothesis import strategies as st

from tests.flatbuffer_builder import BuiltTensor, ModelBuilder
from tests.host_runner import compile_model, differences, random_inputs, run_programs
from tests.operators.grown import grown_model
from tests.operators.harness import BATCH, BATCHES, compare
from tests.operators.unidirectional_sequence_lstm import grow_lstm
from toolchain.convert.to_int8 import convert_to_int8
from toolchain.errors import UnsupportedError
from toolchain.tensorflow_import import import_stack, tensorflow_noise_to

ROWS = 6
UNITS, INPUTS = 3, 2


@BATCHES
@given(st.lists(st.integers(0, 2**32 - 1), min_size=BATCH, max_size=BATCH, unique=True))
def test_outputs_and_states_are_the_oracles(
    tmp_path_factory: pytest.TempPathFactory, seeds: list[int]
) -> None:
    models = [grown_model(grow_lstm, seed, least_rank=3, most_rank=3) for seed in seeds]
    assert compare(seeds, models, tmp_path_factory.mktemp("lstm"), rows_each=ROWS) == BATCH


@dataclass(frozen=True)
class Sound:
    """A sound layer, of which a test changes a part: fields of tensors by their position, options."""

    changes: dict[int, dict[str, object]] = field(default_factory=dict)
    output: dict[str, object] = field(default_factory=dict)
    activation: int = tflite.ActivationFunctionType.TANH
    present: int = -1
    positions: int = 24

    def build(self) -> bytes:
        b = ModelBuilder()
        inputs = [-1] * 24
        inputs[0] = b.tensor((1, 4, INPUTS), "INT8", 0.5, -1)
        for position in range(1, 9):
            shape = (UNITS, INPUTS if position < 5 else UNITS)
            inputs[position] = b.tensor(shape, "INT8", 0.1, 0, data=np.ones(shape))
        for position in range(12, 16):
            inputs[position] = b.tensor((UNITS,), "INT32", 0.05, 0, data=np.ones(UNITS))
        inputs[18] = b.tensor((1, UNITS), "INT8", 2.0**-7, 3, variable=True)
        inputs[19] = b.tensor((1, UNITS), "INT16", 2.0**-11, 0, variable=True)
        output = b.tensor((1, 4, UNITS), "INT8", 2.0**-7, 3)
        for position, fields in self.changes.items():
            change(b.tensors[inputs[position]], fields)
        change(b.tensors[output], self.output)
        if self.present >= 0:
            inputs[self.present] = inputs[12]
        b.operator(
            "UNIDIRECTIONAL_SEQUENCE_LSTM",
            inputs[: self.positions],
            [output],
            FusedActivationFunction=self.activation,
        )
        return b.build([inputs[0]], [output])


def change(tensor: BuiltTensor, fields: dict[str, object]) -> None:
    for key, value in fields.items():
        setattr(tensor, key, value)


def test_the_layer_below_is_sound_before_it_is_changed() -> None:
    program = compile_model(Sound().build())
    assert [(v.bytes, v.initial) for v in program.state] == [(3, 3), (6, 0)]


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (Sound(positions=20), "it has 20 inputs and 1 outputs"),
        (Sound(present=9), "it has peepholes"),
        (Sound(present=16), "it has a projection"),
        (Sound(present=23), "it has layer normalisation"),
        (Sound(activation=tflite.ActivationFunctionType.RELU), "the activation RELU"),
        (Sound({3: {"dtype": "UINT8"}}), "are no int8 constant"),
        (Sound({8: {"zero_points": [1]}}), "not one scale with the zero point 0"),
        (Sound({1: {"scales": [0.1] * 3, "zero_points": [0] * 3}}), "not one scale"),
        (Sound({13: {"dtype": "INT16"}}), "no int32 constant with a value a unit"),
        (Sound({14: {"shape": (1,), "data": np.ones(1)}}), "no int32 constant with a value a unit"),
        (Sound({18: {"dtype": "INT16"}}), "is no variable of type INT8"),
        (Sound({19: {"dtype": "INT8"}}), "is no variable of type INT16"),
        (Sound({19: {"shape": (3, 1)}}), r"where \(1, 3\) follows"),
        (Sound({6: {"shape": (3, 2), "data": np.ones((3, 2))}}), r"where \(3, 3\) follows"),
        (Sound(output={"shape": (1, 5, 3)}), "its output"),
        (Sound({19: {"scales": [0.3]}}), "its cell state has the scale 0.3"),
        (Sound({19: {"scales": [4.0]}}), "its cell state has the scale 4"),
        (Sound({19: {"zero_points": [1]}}), "its cell state has the zero point 1"),
        (Sound({18: {"scales": [1e-25]}}), "factor of 2"),
        (Sound({0: {"scales": [1e20]}}), "factor of 2"),
        (Sound({12: {"data": np.full(3, 2**31 - 1)}}), "its accumulator can exceed 32 bits"),
    ],
)
def test_a_layer_that_breaks_a_rule_is_refused(layer: Sound, message: str) -> None:
    with pytest.raises(UnsupportedError, match=message):
        compile_model(layer.build())


@pytest.mark.slow
def test_lstms_from_keras_give_the_oracles_bytes(tmp_path: Path) -> None:
    """Two layers, as the converter writes them: eight sequences, a reset after four."""
    model = keras_lstms(tmp_path)
    program = compile_model(model)
    assert [layer.operator for layer in program.layers].count("UNIDIRECTIONAL_SEQUENCE_LSTM") == 2
    rows = random_inputs(program, 8, seed=1)
    [results] = run_programs([program], [rows], tmp_path)
    assert differences(model, program, rows, results) == []


def keras_lstms(folder: Path) -> bytes:
    with tensorflow_noise_to(None):
        keras = import_stack("tf_keras")
        keras.utils.set_random_seed(3)
        given = keras.Input((11, 6))
        inner = keras.layers.LSTM(9, return_sequences=True)(given)
        model = keras.Model(given, keras.layers.Dense(4)(keras.layers.LSTM(7)(inner)))
        model.save(folder / "model.keras", save_format="keras")
    samples = np.random.default_rng(3).normal(size=(40, 11, 6)).astype(np.float32)
    return convert_to_int8(folder / "model.keras", samples, progress=lambda *_: None)

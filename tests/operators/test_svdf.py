"""SVDF against the oracle over sequences with a reset, the state included; int8 and int16 states."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import tflite
from hypothesis import given
from hypothesis import strategies as st

from tests.flatbuffer_builder import ModelBuilder
from tests.host_runner import compile_model
from tests.operators.grown import grown_model
from tests.operators.harness import BATCH, BATCHES, compare
from tests.operators.svdf import grow_wild_svdf
from toolchain.errors import OracleError, UnsupportedError
from toolchain.simulate.oracle import Oracle

ROWS = 9


@BATCHES
@given(st.lists(st.integers(0, 2**32 - 1), min_size=BATCH, max_size=BATCH, unique=True))
def test_outputs_and_states_are_the_oracles(
    tmp_path_factory: pytest.TempPathFactory, seeds: list[int]
) -> None:
    models = [grown_model(grow_wild_svdf, seed, least_rank=2, most_rank=2) for seed in seeds]
    assert compare(seeds, models, tmp_path_factory.mktemp("svdf"), rows_each=ROWS) == BATCH


@dataclass(frozen=True)
class Sound:
    """A sound layer, of which a test changes a part."""

    activation: int = tflite.ActivationFunctionType.RELU
    rank: int = 2
    feature_value: int = 1
    feature_scales: tuple[float, ...] = (0.5,)
    input_shape: tuple[int, ...] = (1, 3)
    time_type: str = "INT16"
    time_zero_point: int = 0
    time_shape: tuple[int, ...] = (4, 5)
    state_type: str = "INT16"
    state_shape: tuple[int, ...] = (1, 20)
    state_zero_point: int = 0
    variable: bool = True
    bias: bool = True
    bias_type: str = "INT32"
    bias_scale: float = 0.25
    output_shape: tuple[int, ...] = (1, 2)
    output_scale: float = 0.5
    twice: bool = False

    def build(self) -> bytes:
        b = ModelBuilder()
        source = b.tensor(self.input_shape, "INT8", 0.5, -1)
        ones = np.full((4, 3), self.feature_value)
        features = b.tensor((4, 3), "INT8", self.feature_scales, 0, data=ones)
        zeros = np.zeros(self.time_shape)
        time = b.tensor(self.time_shape, self.time_type, 0.5, self.time_zero_point, data=zeros)
        bias = b.tensor((2,), self.bias_type, self.bias_scale, 0, data=np.zeros(2)) if self.bias else -1
        # Without a variable, the state is a second input of the model.
        state = b.tensor(
            self.state_shape, self.state_type, 0.5, self.state_zero_point, variable=self.variable
        )
        outputs = [b.tensor(self.output_shape, "INT8", self.output_scale, 2) for _ in range(1 + self.twice)]
        for output in outputs:
            b.operator(
                "SVDF",
                [source, features, time, bias, state],
                [output],
                Rank=self.rank,
                FusedActivationFunction=self.activation,
            )
        return b.build([source] if self.variable else [source, state], outputs)


def test_the_layer_below_is_sound_before_it_is_changed() -> None:
    program = compile_model(Sound().build())
    assert [(v.name, v.bytes, v.initial) for v in program.state] == [("t4", 40, 0)]


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (Sound(activation=tflite.ActivationFunctionType.TANH), "the fused activation TANH"),
        (Sound(feature_scales=(0.5, 0.5, 0.5, 0.25)), "quantised per channel"),
        (Sound(variable=False), "is no variable of type INT8 or INT16"),
        (Sound(state_type="INT32"), "is no variable of type INT8 or INT16"),
        (Sound(state_zero_point=40_000), "has the zero point 40000"),
        (Sound(twice=True), "is used in another place"),
        (Sound(time_type="INT8"), "no constant of the state's type INT16"),
        (Sound(time_zero_point=1), "not one scale with the zero point 0"),
        (Sound(rank=3), "it has the rank 3"),
        (Sound(rank=0), "it has the rank 0"),
        (Sound(input_shape=(1, 4)), "its inputs have the shapes"),
        (Sound(input_shape=(1, 1, 3)), "its inputs have the shapes"),
        (Sound(time_shape=(4, 4)), "its inputs have the shapes"),
        (Sound(state_shape=(2, 10)), "its inputs have the shapes"),
        (Sound(output_shape=(2, 1)), r"its output has the shape \(2, 1\)"),
        (Sound(bias=False), "it has no bias, which the reference reads all the same"),
        (Sound(bias_type="INT16"), "no int32 constant with a value a unit"),
        (Sound(bias_scale=0.5), "the scale of its bias"),
        (Sound(output_scale=1e-30), "factor of 2"),
    ],
)
def test_a_layer_that_breaks_a_rule_is_refused(layer: Sound, message: str) -> None:
    with pytest.raises(UnsupportedError, match=message):
        compile_model(layer.build())


def test_a_sum_over_features_beyond_32_bits_is_refused() -> None:
    b, length = ModelBuilder(), 140_000
    source = b.tensor((1, length), "INT8", 0.5, -128)
    features = b.tensor((1, length), "INT8", 0.5, 0, data=np.full((1, length), 127))
    time = b.tensor((1, 2), "INT16", 0.5, 0, data=np.zeros((1, 2)))
    bias = b.tensor((1,), "INT32", 0.25, 0, data=np.zeros(1))
    state = b.tensor((1, 2), "INT16", 0.5, 0, variable=True)
    output = b.tensor((1, 1), "INT8", 0.5, 0)
    b.operator("SVDF", [source, features, time, bias, state], [output], Rank=1)
    with pytest.raises(UnsupportedError, match="its accumulator can exceed 32 bits"):
        compile_model(b.build([source], [output]))


@pytest.mark.parametrize("layer", [Sound(bias=False), Sound(bias_scale=0.5), Sound(variable=False)])
def test_the_oracle_cannot_run_these_either(layer: Sound) -> None:
    with pytest.raises(OracleError):
        Oracle(layer.build())

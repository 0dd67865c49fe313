"""BATCH_MATMUL against the oracle: both sides transposed or not, repeated, constant, or the same tensor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.flatbuffer_builder import ModelBuilder
from tests.host_runner import compile_model
from tests.operators.batch_matmul import grow_batch_matmul
from tests.operators.grown import grown_model
from tests.operators.harness import BATCH, BATCHES, compare
from toolchain.errors import OracleError, UnsupportedError
from toolchain.simulate.oracle import Oracle


@BATCHES
@given(st.lists(st.integers(0, 2**32 - 1), min_size=BATCH, max_size=BATCH, unique=True))
def test_every_output_is_the_oracles(tmp_path_factory: pytest.TempPathFactory, seeds: list[int]) -> None:
    models = [grown_model(grow_batch_matmul, seed, least_rank=2, most_rank=5) for seed in seeds]
    assert compare(seeds, models, tmp_path_factory.mktemp("batch_matmul")) == BATCH


@dataclass(frozen=True)
class Sound:
    """A sound layer, of which a test changes a part."""

    left: tuple[int, ...] = (2, 3, 4)
    right: tuple[int, ...] = (2, 4, 5)
    output: tuple[int, ...] = (2, 3, 5)
    adjoint: tuple[bool, bool] = (False, False)
    scale: float = 0.5
    constant: bool = False

    def build(self) -> bytes:
        builder = ModelBuilder()
        data = (np.zeros(self.left), np.zeros(self.right)) if self.constant else (None, None)
        spare = builder.tensor((1,), "INT8", 0.5, 0)
        left = builder.tensor(self.left, "INT8", 0.5, 3, data=data[0])
        right = builder.tensor(self.right, "INT8", 0.25, -7, data=data[1])
        output = builder.tensor(self.output, "INT8", self.scale, 1)
        builder.operator("BATCH_MATMUL", [left, right], [output], AdjX=self.adjoint[0], AdjY=self.adjoint[1])
        return builder.build([spare] if self.constant else [left, right], [output])


def test_the_layer_below_is_sound_before_it_is_changed() -> None:
    assert compile_model(Sound().build()).layers


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (Sound(constant=True), "both its inputs are constants"),
        (Sound(left=(4,), output=(5,)), "has 1 axes"),
        (Sound(left=(1, 1, 1, 2, 3, 4), output=(1, 1, 1, 2, 3, 5)), "has 6 axes"),
        (Sound(adjoint=(True, False)), "rows of 3 values meet columns of 4"),
        (Sound(adjoint=(False, True)), "rows of 4 values meet columns of 5"),
        (Sound(left=(3, 3, 4), output=(3, 3, 5)), "do not broadcast"),
        (Sound(output=(2, 5, 3)), r"where \(2, 3, 5\) follows"),
        (Sound((1, 33_026), (33_026, 1), (1, 1)), "33026 products can exceed 32 bits"),
        (Sound(scale=1e-30), "factor of 2"),
    ],
)
def test_a_layer_that_breaks_a_rule_is_refused(layer: Sound, message: str) -> None:
    with pytest.raises(UnsupportedError, match=message):
        compile_model(layer.build())


@pytest.mark.parametrize(
    "layer",
    [
        Sound(left=(1, 1, 1, 2, 3, 4), output=(1, 1, 1, 2, 3, 5)),
        Sound(left=(3, 3, 4), output=(3, 3, 5)),
        Sound(adjoint=(True, False)),
    ],
)
def test_the_oracle_refuses_these_as_well(layer: Sound) -> None:
    with pytest.raises(OracleError):
        Oracle(layer.build())

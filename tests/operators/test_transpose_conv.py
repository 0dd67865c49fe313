"""TRANSPOSE_CONV against the oracle: strides beyond the filter, outputs cut short, every padding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.flatbuffer_builder import ModelBuilder
from tests.host_runner import compile_model
from tests.operators.grown import grown_model
from tests.operators.harness import BATCH, BATCHES, compare
from tests.operators.transpose_conv import grow_transpose_conv
from toolchain.errors import UnsupportedError


@BATCHES
@given(st.lists(st.integers(0, 2**32 - 1), min_size=BATCH, max_size=BATCH, unique=True))
def test_every_output_is_the_oracles(tmp_path_factory: pytest.TempPathFactory, seeds: list[int]) -> None:
    models = [grown_model(grow_transpose_conv, seed) for seed in seeds]
    assert compare(seeds, models, tmp_path_factory.mktemp("transpose_conv")) == BATCH


@dataclass(frozen=True)
class Sound:
    """A sound layer, of which a test changes a part."""

    asked: tuple[int, ...] = (1, 8, 8, 3)
    filter: tuple[int, ...] = (3, 3, 3, 2)
    output: tuple[int, ...] = (1, 8, 8, 3)
    scales: tuple[float, ...] = (0.1, 0.2, 0.3)
    axis: int = 0
    stride: int = 2
    bias: int = 0
    output_scale: float = 0.5

    def build(self) -> bytes:
        builder = ModelBuilder()
        asked = builder.tensor((4,), "INT32", data=np.array(self.asked))
        ones = np.ones(self.filter)
        weights = builder.tensor(self.filter, "INT8", self.scales, 0, axis=self.axis, data=ones)
        source = builder.tensor((1, 4, 4, 2), "INT8", 0.5, -1)
        bias = builder.tensor((3,), "INT32", data=np.full(3, self.bias))
        output = builder.tensor(self.output, "INT8", self.output_scale, -1)
        strides = {"StrideH": self.stride, "StrideW": self.stride}
        builder.operator("TRANSPOSE_CONV", [asked, weights, source, bias], [output], **strides)
        return builder.build([source], [output])


def test_the_layer_below_is_sound_before_it_is_changed() -> None:
    assert compile_model(Sound().build()).layers


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (Sound(asked=(1, 8, 7, 3)), r"where \(1, 8, 7, 3\) is asked for"),
        (Sound(filter=(3, 3, 3, 1)), "its filter has the shape"),
        (Sound(filter=(3, 3, 6), scales=(0.1,)), "its filter has the shape"),
        (Sound(stride=0), "stride_h is 0"),
        (Sound(stride=40), "its strides make 1600 phases"),
        (Sound(axis=1), "quantised along axis 1"),
        (Sound(bias=2**31 - 1), "accumulator can exceed 32 bits"),
        (Sound(output_scale=1e-30), "factor of 2"),
        (Sound(output=(1, 1 << 21, 1, 3), asked=(1, 1 << 21, 1, 3)), "values a side"),
    ],
)
def test_a_layer_that_breaks_a_rule_is_refused(layer: Sound, message: str) -> None:
    with pytest.raises(UnsupportedError, match=message):
        compile_model(layer.build())

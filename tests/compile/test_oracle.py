"""The oracle's edges; that its bytes are used rightly is what every parity test shows."""

from __future__ import annotations

import numpy as np
import pytest

from tests.flatbuffer_builder import ModelBuilder
from tests.random_networks import random_network
from toolchain.errors import OracleError
from toolchain.simulate.oracle import Oracle


def test_the_name_carries_the_version() -> None:
    assert Oracle(random_network(1, 2)).name.startswith("tflite-micro 0.")


def test_inputs_of_the_wrong_size_are_an_error() -> None:
    oracle = Oracle(random_network(1, 2))
    with pytest.raises(OracleError, match="inputs of shape"):
        oracle.run(np.zeros((1, 3), np.uint8))


def test_the_interpreters_reason_is_in_the_error() -> None:
    builder = ModelBuilder()
    source, output = builder.tensor((1, 4), "INT8", 0.5, 0), builder.tensor((1, 4), "INT8", 0.5, 0)
    builder.operator("SOFTMAX", [source], [output], Beta=1.0)
    with pytest.raises(OracleError, match=r"(?i)softmax|scale|== -128"):
        Oracle(builder.build([source], [output]))


def test_an_arena_that_is_too_small_grows() -> None:
    builder = ModelBuilder()
    shape = (1, 512, 512, 4)
    source, output = builder.tensor(shape, "INT8", 0.5, 0), builder.tensor(shape, "INT8", 0.25, 0)
    builder.operator("RELU", [source], [output])
    oracle = Oracle(builder.build([source], [output]))
    zeros = np.zeros((1, 512 * 512 * 4), np.uint8)
    assert oracle.run(zeros).shape == (1, 512 * 512 * 4)

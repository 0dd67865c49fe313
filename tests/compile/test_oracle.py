"""The oracle's edges; that its bytes are used rightly is what every parity test shows."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import tflite

from tests.flatbuffer_builder import ModelBuilder
from tests.host_runner import compile_model, random_inputs
from tests.random_networks import random_network
from toolchain.errors import OracleError
from toolchain.simulate.interpreter import InProcessOracle
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


def test_a_file_the_wheel_cannot_follow_is_an_error_with_its_reason() -> None:
    with pytest.raises(OracleError, match="cannot run this model"):
        Oracle(b"\x14\x00\x00\x00TFL3" + b"\xff" * 60)


def crashing_model() -> bytes:
    """A DEPTHWISE_CONV_2D whose bias is listed as absent (-1): the wheel follows a null pointer."""
    builder = ModelBuilder()
    source = builder.tensor((1, 3, 3, 2), "INT8", 0.5, 0)
    weights = builder.tensor((1, 2, 2, 2), "INT8", 0.5, 0, data=np.ones((1, 2, 2, 2)))
    output = builder.tensor((1, 2, 2, 2), "INT8", 0.5, 0)
    builder.operator(
        "DEPTHWISE_CONV_2D",
        [source, weights, -1],
        [output],
        Padding=tflite.Padding.VALID,
        StrideH=1,
        StrideW=1,
        DepthMultiplier=1,
        DilationHFactor=1,
        DilationWFactor=1,
    )
    return builder.build([source], [output])


def test_a_crash_of_the_interpreter_is_an_error_and_stays_one() -> None:
    with pytest.raises(OracleError, match=r"crashed: .* signal SIG(SEGV|ABRT|BUS)"):
        Oracle(crashing_model()).run(np.zeros((1, 18), np.uint8))
    oracle = Oracle(random_network(1, 2))
    os.kill(oracle._peer._process.pid, signal.SIGKILL)
    for _ in range(2):
        with pytest.raises(OracleError, match="signal SIGKILL"):
            oracle.tensors(b"")


def test_an_interpreter_that_does_not_answer_is_ended() -> None:
    oracle = Oracle(random_network(1, 2), answer_seconds=0.5)
    os.kill(oracle._peer._process.pid, signal.SIGSTOP)
    started = time.monotonic()
    with pytest.raises(OracleError, match="no answer within"):
        oracle.tensors(b"")
    assert time.monotonic() - started < 5
    assert oracle._peer._process.poll() is not None


def test_the_process_ends_with_its_oracle() -> None:
    oracle = Oracle(random_network(1, 2))
    process = oracle._peer._process
    assert process.poll() is None
    del oracle
    assert process.poll() is not None


def test_both_ways_to_the_interpreter_give_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A file of that name in the working folder must not be taken for the package.
    (tmp_path / "numpy.py").write_text("raise SystemExit(3)")
    monkeypatch.chdir(tmp_path)
    model = random_network(5, 6)
    here, apart = InProcessOracle(model), Oracle(model)
    inputs = random_inputs(compile_model(model), 5, 1)
    assert np.array_equal(here.run(inputs), apart.run(inputs))
    assert here.tensors(inputs[0].tobytes()) == apart.tensors(inputs[0].tobytes())

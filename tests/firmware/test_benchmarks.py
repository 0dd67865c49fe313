"""MLPerf Tiny's four benchmarks: the right way in and out, with the real models, on the host."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.firmware import tiny_model
from tests.firmware.line import Line
from toolchain.build import build_firmware
from toolchain.compile import compile_graph
from toolchain.convert.read_tflite import read_graph
from toolchain.errors import ConfigError
from toolchain.flash import flashed
from toolchain.load.board import load_board
from toolchain.render.benchmark import personality
from toolchain.render.project import render_project
from toolchain.simulate.oracle import Oracle
from toolchain.vocabulary.benchmark import BENCHMARKS, BenchmarkId
from toolchain.vocabulary.program import Program

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "mlperf_tiny"
MODELS: dict[BenchmarkId, str] = {
    "kws01": "kws_ref_model_int8.tflite",
    "ic01": "ic_resnet8_int8.tflite",
    "vww01": "vww_mobilenet_v1_025_96_int8.tflite",
    "ad01": "ad_autoencoder_int8.tflite",
}


def compiled(benchmark: BenchmarkId) -> tuple[bytes, Program]:
    path = DATA / MODELS[benchmark]
    if not path.is_file():
        pytest.skip("the MLPerf Tiny models are not in ../shared")
    model = path.read_bytes()
    return model, compile_graph(
        read_graph(model, benchmark), load_board("host"), prefix="model", optimise_for="speed"
    )


@pytest.fixture(scope="module", params=sorted(MODELS))
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[BenchmarkId, Line, bytes, Program]]:
    benchmark: BenchmarkId = request.param
    model, program = compiled(benchmark)
    board = load_board("host")
    folder = tmp_path_factory.mktemp(benchmark)
    render_project(program, board, model, folder / "project", benchmark=benchmark)
    build_firmware(folder / "project", board, log=folder / "log")
    with flashed(folder / "project", board, log=folder / "log") as found, Line.open(found) as line:
        line.answer()
        yield benchmark, line, model, program


def a_window(benchmark: BenchmarkId, seed: int) -> bytes:
    """A sample as the public runner sends it."""
    chance = np.random.default_rng(seed)
    if benchmark == "ad01":
        return chance.normal(-30, 12, 640).astype("<f4").tobytes()
    return chance.integers(0, 256, BENCHMARKS[benchmark].window_bytes, np.uint8).tobytes()


def model_input(window: bytes, program: Program, kind: str) -> npt.NDArray[np.int8]:
    """What the benchmark's pre-processing makes of it, written down a second time."""
    if kind == "int8":
        return np.frombuffer(window, np.int8)
    if kind == "uint8":
        return (np.frombuffer(window, np.uint8).astype(np.int16) - 128).astype(np.int8)
    quantisation = program.inputs[0].quantisation
    assert quantisation is not None
    real = np.frombuffer(window, "<f4") / np.float32(quantisation.scale)
    rounded = np.sign(real) * np.floor(np.abs(real.astype(np.float64)) + 0.5)
    return np.asarray(np.clip(rounded + quantisation.zero_point, -128, 127), np.int8)


def load(line: Line, window: bytes) -> None:
    """As the runner does: 31 bytes a command."""
    assert line.send(f"db load {len(window)}%".encode()) == [f"m-[Expecting {len(window)} bytes]"]
    said: list[str] = []
    for start in range(0, len(window), 31):
        said += line.send(b"db " + window[start : start + 31].hex().encode() + b"%")
    assert said == ["m-load-done"]


def numbers(results: str) -> list[float]:
    match = re.fullmatch(r"m-results-\[([^]]+)\]", results)
    assert match, results
    return [float(number) for number in match[1].split(",")]


def test_profile_names_the_benchmark(running: tuple[BenchmarkId, Line, bytes, Program]) -> None:
    benchmark, line, _, _ = running
    assert line.send(b"profile%")[1] == f"m-model-[{benchmark}]"


def test_results_are_the_oracles_as_real_numbers(
    running: tuple[BenchmarkId, Line, bytes, Program],
) -> None:
    benchmark, line, model, program = running
    oracle = Oracle(model)
    output = program.outputs[0].quantisation
    assert output is not None
    for seed in range(3):
        window = a_window(benchmark, seed)
        load(line, window)
        given = model_input(window, program, BENCHMARKS[benchmark].window)
        values = oracle.run(given.view(np.uint8)[None]).view(np.int8)[0].astype(np.int64)
        real = (values - output.zero_point) * np.float32(output.scale)
        if benchmark == "ad01":
            error = np.frombuffer(window, "<f4").astype(np.float64) - real.astype(np.float64)
            real = np.array([np.mean(error**2)])
        said = line.send(b"infer 1 0%")
        np.testing.assert_allclose(numbers(said[-1]), real, rtol=1e-6, atol=1e-9)
        assert line.send(b"results%") == [said[-1]]


def test_the_buffer_is_printed_as_it_was_sent(running: tuple[BenchmarkId, Line, bytes, Program]) -> None:
    benchmark, line, _, _ = running
    window = a_window(benchmark, 9)
    load(line, window)
    lines = line.send(b"db print%")
    assert bytes.fromhex("".join(said.removeprefix("m-buffer") for said in lines).replace("-", "")) == window


@pytest.mark.parametrize("running", ["ad01"], indirect=True)
@pytest.mark.parametrize("real", [float("nan"), float("inf"), float("-inf"), 3e38, -3e38, 1e-45])
def test_any_float_is_survived(real: float, running: tuple[BenchmarkId, Line, bytes, Program]) -> None:
    _, line, _, _ = running
    load(line, np.full(640, real, "<f4").tobytes())
    (result,) = numbers(line.send(b"infer 1 0%")[-1])
    assert np.isfinite(result) == (abs(real) < 1)


@pytest.mark.parametrize("benchmark", sorted(MODELS))
def test_another_model_is_refused_naming_why(benchmark: BenchmarkId) -> None:
    wanted = BENCHMARKS[benchmark]
    with pytest.raises(
        ConfigError, match=rf"is not the benchmark {benchmark}'s: it has an input of 700 bytes"
    ):
        personality(tiny_model.program(), benchmark)
    with pytest.raises(ConfigError, match=f"has {wanted.input_elements} values INT8"):
        personality(tiny_model.program(), benchmark)


def test_the_benchmarks_do_not_take_each_others_models() -> None:
    for benchmark in MODELS:
        _, program = compiled(benchmark)
        for other in MODELS:
            if other == benchmark:
                personality(program, other)
            else:
                with pytest.raises(ConfigError):
                    personality(program, other)

"""The public runner's two modes against simulated boards with MLPerf Tiny's personalities.

`make test` takes few inferences a window and few samples; CHIPCAST_WHOLE_MLPERF=1 takes what the runner
takes: its counts of inferences, and all 700 keyword samples.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.cli.test_simulate import simulate
from tests.measure.mlperf_runner import Runner, accuracy_of
from toolchain.convert.read_tflite import read_graph
from toolchain.simulate.oracle import Oracle
from toolchain.vocabulary.benchmark import BENCHMARKS
from toolchain.vocabulary.graph import Quantisation

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "mlperf_tiny"
WHOLE = bool(os.environ.get("CHIPCAST_WHOLE_MLPERF"))
KEYWORD_SAMPLES = 700 if WHOLE else 30

pytestmark = [
    pytest.mark.simulator,
    pytest.mark.skipif(not FOLDER.is_dir(), reason=f"the MLPerf Tiny models are not at {FOLDER}"),
]


@dataclass(frozen=True)
class Case:
    """A benchmark: its model, and the inferences and warm-ups of a window in performance mode."""

    id: str
    file: str
    runs: int
    warm_ups: int

    @property
    def model(self) -> bytes:
        return (FOLDER / f"{self.file}.tflite").read_bytes()

    def port(self, which: str) -> Quantisation:
        graph = read_graph(self.model, self.id)
        index = graph.inputs[0] if which == "input" else graph.outputs[0]
        found = graph.tensors[index].quantisation
        assert found is not None
        return found


CASES = [
    Case("kws01", "kws_ref_model_int8", 70, 10),
    Case("ic01", "ic_resnet8_int8", 20, 5),
    Case("vww01", "vww_mobilenet_v1_025_96_int8", 20, 5),
    Case("ad01", "ad_autoencoder_int8", 1500, 10),
]


@contextmanager
def runner(case: Case, out: Path) -> Iterator[Runner]:
    model = FOLDER / f"{case.file}.tflite"
    words = (model, "--benchmark", case.id, "--board", "sim_cortex_m4", "--pty", "--out", out)
    with simulate(*words) as (process, told):
        with Runner.open(told["port"]) as opened:
            yield opened
        process.terminate()
        assert process.wait(20) == 0


def samples(case: Case, count: int) -> list[bytes]:
    """Samples as the runner sends them: the benchmark's data type, over the model's whole range."""
    rng = np.random.default_rng(7)
    benchmark = BENCHMARKS[case.id]  # type: ignore[index]
    if benchmark.window != "float32":
        return [rng.bytes(benchmark.window_bytes) for _ in range(count)]
    scale, zero = case.port("input").scale, case.port("input").zero_point
    low, high = scale * (-140 - zero), scale * (139 - zero)
    values = rng.uniform(low, high, (count, benchmark.input_elements)).astype("<f4")
    return [row.tobytes() for row in values]


def expected(case: Case, sent: list[bytes]) -> npt.NDArray[np.float64]:
    """The results by the oracle and the benchmark's definition, in double precision."""
    window = BENCHMARKS[case.id].window  # type: ignore[index]
    raw = np.array([np.frombuffer(row, np.uint8) for row in sent])
    real = raw.view("<f4").astype(np.float64) if window == "float32" else None
    if real is not None:
        steps = real / np.float32(case.port("input").scale)
        rounded = np.sign(steps) * np.floor(np.abs(steps) + 0.5) + case.port("input").zero_point
        inputs = np.clip(rounded, -128, 127).astype(np.int8).view(np.uint8)
    else:
        inputs = raw ^ np.uint8(0x80 if window == "uint8" else 0)
    outputs = Oracle(case.model).run(inputs).view(np.int8).astype(np.float64)
    values = (outputs - case.port("output").zero_point) * case.port("output").scale
    return values if real is None else np.mean((real - values) ** 2, axis=1, keepdims=True)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_both_modes_get_valid_results(case: Case, tmp_path: Path) -> None:
    sent = samples(case, 1 if case.id == "vww01" else 3)
    runs, warm_ups = (case.runs, case.warm_ups) if WHOLE else (max(2, case.runs // 20), 1)
    with runner(case, tmp_path / "out") as opened:
        name, profile, model = opened.identify()
        assert (name, model) == ("chipcast", case.id)
        assert profile == "ULPMark for tinyML Firmware V0.0.1"
        results = opened.accuracy_results(sent)
        np.testing.assert_allclose(results, expected(case, sent), rtol=1e-5, atol=1e-6)
        performance = opened.performance(sent[0], runs, warm_ups)
    assert len(performance.throughputs) == 5
    assert not WHOLE or performance.objections == []
    # A counted timer: every window takes as many instructions as the other, give or take a poll of the line.
    assert min(performance.throughputs) > 0
    assert max(performance.throughputs) == pytest.approx(min(performance.throughputs), rel=1e-3)


def test_keyword_accuracy_is_the_host_oracles(tmp_path: Path) -> None:
    case = CASES[0]
    with np.load(FOLDER / "kws01_700.npz") as arrays:
        features = arrays["features"][:KEYWORD_SAMPLES].reshape(KEYWORD_SAMPLES, -1).view(np.uint8)
        labels = arrays["labels"][:KEYWORD_SAMPLES].astype(np.int64)
    oracle = Oracle(case.model).run(np.ascontiguousarray(features)).view(np.int8)
    with runner(case, tmp_path / "out") as opened:
        results = opened.accuracy_results([row.tobytes() for row in features])
    values = (oracle.astype(np.float64) - case.port("output").zero_point) * case.port("output").scale
    np.testing.assert_allclose(results, values, rtol=1e-5, atol=1e-6)
    accuracy = accuracy_of(results, labels)
    assert accuracy == float(np.mean(np.argmax(oracle, axis=1) == labels))

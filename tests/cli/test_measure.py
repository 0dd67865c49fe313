"""`chipcast measure` and `chipcast verify` on real builds: killed and gone on with, wrong weights, edits."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_main import chipcast, refused
from tests.corridor.models import int8_classifier, write_data
from tests.operators.test_unidirectional_sequence_lstm import Sound
from toolchain.flash import running

SAMPLES = 400


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An output folder for the host, never changed by a test."""
    root = tmp_path_factory.mktemp("measure")
    model = root / "small.tflite"
    model.write_bytes(int8_classifier())
    done = chipcast("build", model, "--board", "host", "--out", root / "out", "--json")
    assert done.returncode == 0, done.stderr
    return root / "out"


@pytest.fixture
def out(built: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    shutil.copytree(built, tmp_path / "out", symlinks=True)
    return tmp_path / "out"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_data(tmp_path_factory.mktemp("data") / "test.npz", samples=SAMPLES)


def without_times(path: Path) -> str:
    """The result as text, but for what two runs cannot have in common."""
    document = json.loads(path.read_text())
    assert document.pop("timing")["runs"] == SAMPLES
    assert document.pop("provenance")["samples"] == SAMPLES
    return json.dumps(document, indent=2)


def kill_after(journal: Path, lines: int, *words: str | Path) -> bytes:
    """Start measuring, kill it outright once so many lines are on the disk, and tell what is there then."""
    process = subprocess.Popen(
        [sys.executable, "-m", "toolchain", "measure", *map(str, words)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 60
        while not journal.exists() or journal.read_bytes().count(b"\n") < lines:
            assert process.poll() is None, "it ended before it could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.005)
    finally:
        process.kill()
        process.wait(20)
    return journal.read_bytes()


def wait_until_stopped(project: Path) -> None:
    """A killed chipcast's simulator ends by itself."""
    deadline = time.monotonic() + 15
    while running(project) is not None:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_killed_again_and_again_it_loses_nothing(out: Path, data: Path, tmp_path: Path) -> None:
    journal, result = tmp_path / "run.jsonl", tmp_path / "resumed.json"
    words = (out, "--data", data, "--journal", journal, "--result", result)
    before = b""
    for lines in (5, 60, 150):
        found = kill_after(journal, lines, *words)
        assert found.startswith(before), "results that were there were changed"
        before = found[: found.rfind(b"\n") + 1]
        wait_until_stopped(out / "project")
        assert not result.exists()
    done = chipcast("measure", *words, "--json")
    assert done.returncode == 0, done.stderr
    assert journal.read_bytes().startswith(before)
    assert json.loads(done.stdout)["provenance"]["resumed_from"] == before.count(b"\n") - 1
    runs = [json.loads(line).get("run") for line in journal.read_bytes().splitlines()]
    assert runs == [None, *range(SAMPLES), None], "an inference was lost or is there twice"
    straight = tmp_path / "straight.json"
    done = chipcast("measure", out, "--data", data, "--result", straight)
    assert done.returncode == 0, done.stderr
    assert without_times(result) == without_times(straight)


def test_killed_without_a_named_journal_it_goes_on_as_well(out: Path, data: Path) -> None:
    words = (out, "--data", data)
    folder = out / "project" / ".measure"
    process = subprocess.Popen(
        [sys.executable, "-m", "toolchain", "measure", *map(str, words)], stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 60
        while sum(file.read_bytes().count(b"\n") for file in folder.glob("*.jsonl")) < 20:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.005)
    finally:
        process.kill()
        process.wait(20)
    wait_until_stopped(out / "project")
    done = chipcast("measure", *words, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["provenance"]["resumed_from"] >= 19
    # The result is a file now: the next measurement is a new one.
    assert json.loads((out / "measurement.json").read_text()) == json.loads(done.stdout)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(("sign", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_broken_off_it_ends_at_once_and_goes_on_later(
    out: Path, data: Path, tmp_path: Path, sign: int, code: int
) -> None:
    journal = tmp_path / "run.jsonl"
    words = [str(word) for word in (out, "--data", data, "--runs", "100000", "--journal", journal)]
    process = subprocess.Popen(
        [sys.executable, "-m", "toolchain", "measure", *words], stderr=subprocess.PIPE, text=True
    )
    try:
        deadline = time.monotonic() + 60
        while not journal.exists() or journal.read_bytes().count(b"\n") < 5:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.005)
        process.send_signal(sign)
        told = process.communicate(timeout=20)[1]
        assert process.returncode == code
        assert "Traceback" not in told
        assert running(out / "project") is None
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate(timeout=20)
    before = journal.read_bytes()
    assert before.endswith(b"\n")
    assert kill_after(journal, before.count(b"\n") + 5, *words).startswith(before)
    wait_until_stopped(out / "project")


def test_a_complete_journal_needs_no_board(out: Path, data: Path, tmp_path: Path) -> None:
    journal = tmp_path / "run.jsonl"
    words = (out, "--data", data, "--samples", "5", "--journal", journal, "--json")
    first = json.loads(chipcast("measure", *words).stdout)
    again = chipcast("measure", *words, "--port", "/dev/not-there")
    assert again.returncode == 0, again.stderr
    second = json.loads(again.stdout)
    assert second["timing"] == first["timing"]
    assert second["provenance"]["resumed_from"] == 5


def test_another_datas_journal_is_refused_with_what_differs(out: Path, data: Path, tmp_path: Path) -> None:
    words = ("measure", out, "--journal", tmp_path / "run.jsonl", "--random-samples")
    assert chipcast(*words, "3").returncode == 0
    told = " ".join(refused(15, *words, "4").split())
    assert "belongs to another run" in told
    assert "samples 3 there, 4 here" in told


def test_runs_beyond_the_samples_are_timed_too(out: Path) -> None:
    done = chipcast("measure", out, "--random-samples", "3", "--runs", "20", "--warm-up", "2", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    timing = document["timing"]
    assert (timing["runs"], timing["warm_up"], timing["kind"]) == (20, 2, "host")
    assert 0 < timing["min"] <= timing["median"] <= timing["p95"] <= timing["max"]
    assert all(outlier["value"] <= timing["max"] for outlier in timing["outliers"])
    assert document["parity"]["compared_bytes"] == 9


@pytest.mark.parametrize("flags", ["-O0", ""])
def test_a_debug_build_is_refused_unless_it_is_allowed(out: Path, flags: str) -> None:
    settings = out / "project" / "platformio.ini"
    settings.write_text(settings.read_text().replace("    -O3\n", f"    {flags}\n" if flags else ""))
    assert chipcast("build", out).returncode == 0
    told = " ".join(refused(32, "measure", out, "--random-samples", "2").split())
    assert (flags or "no optimisation flag") in told
    done = chipcast("measure", out, "--random-samples", "2", "--allow-debug", "--json")
    assert done.returncode == 0, done.stderr
    assert flags in " ".join(json.loads(done.stdout)["provenance"]["flags"])


def test_a_model_that_remembers_is_measured_as_it_says(tmp_path: Path) -> None:
    """An LSTM of Keras starts each sample afresh; kept, its state goes on. Parity holds either way."""
    out, model = tmp_path / "out", tmp_path / "lstm.tflite"
    model.write_bytes(Sound().build())
    assert chipcast("build", model, "--board", "host", "--out", out).returncode == 0
    outputs = []
    for wanted in ("auto", "never"):
        words = (out, "--random-samples", "5", "--warm-up", "2", "--reset-state", wanted, "--json")
        done = chipcast("measure", *words)
        assert done.returncode == 0, done.stderr
        document = json.loads(done.stdout)
        assert document["parity"]["mismatched_bytes"] == 0
        provenance = document["provenance"]
        assert provenance["state_reset"] == ("each-sample" if wanted == "auto" else "never")
        assert (provenance["device_faults"], document["timing"]["timer_rate"]) == (0, None)
        outputs.append(provenance["outputs_sha256"])
    assert outputs[0] != outputs[1]
    told = " ".join(chipcast("measure", out, "--random-samples", "2").stdout.split())
    assert "state was reset before each sample" in told
    assert "reset_state" in refused(10, "measure", out, "--reset-state", "often")


def weight_array(text: str, symbol: str) -> re.Match[str]:
    found = re.search(rf"{symbol}\[\d+\][^{{]*\{{(?P<values>[^}}]*)\}}", text)
    assert found is not None
    return found


def spoil_weight(source: Path, symbol: str, index: int) -> None:
    """Change one value of a weight array."""
    text = source.read_text()
    found = weight_array(text, symbol)
    values = [int(value) for value in found["values"].split(",") if value.strip()]
    values[index] = values[index] - 100 if values[index] > 0 else values[index] + 100
    start, end = found.span("values")
    source.write_text(text[:start] + ", ".join(map(str, values)) + text[end:])


@pytest.mark.parametrize(
    ("board", "symbol", "index", "layer", "operator", "channel"),
    [
        ("host", "model_w_0_weights", 2 * 9 + 4, 0, "CONV_2D", 2),
        pytest.param(
            # Byte pairs: the lowest byte of every fourth word is a weight of channel 2.
            *("sim_cortex_m4", "model_w_2_weights", 71, 2, "FULLY_CONNECTED", 2),
            marks=pytest.mark.simulator,
        ),
    ],
)
def test_a_wrong_weight_is_found_and_named(
    tmp_path: Path, board: str, symbol: str, index: int, layer: int, operator: str, channel: int
) -> None:
    out, model = tmp_path / "out", tmp_path / "small.tflite"
    model.write_bytes(int8_classifier())
    assert chipcast("build", model, "--board", board, "--out", out).returncode == 0
    spoil_weight(out / "project" / "src" / "model_model.c", symbol, index)
    assert chipcast("build", out).returncode == 0
    done = chipcast("measure", out, "--random-samples", "8", "--json")
    assert done.returncode == 50, done.stderr
    parity: dict[str, Any] = json.loads(done.stdout)["parity"]
    assert parity["mismatched_bytes"] > 0
    assert parity["first_diverging_layer"].startswith(operator)
    assert parity["first_diverging_layer"] in " ".join(done.stderr.split())
    found = parity["divergence"]
    assert (found["layer"], found["operator"], found["channel"]) == (layer, operator, channel)
    assert found["expected"] != found["got"]
    assert 0 < found["differing_elements"] <= found["elements"]
    assert running(out / "project") is None


def test_verify_builds_the_same_again_and_tells_what_changed(out: Path, data: Path, tmp_path: Path) -> None:
    result = out / "measurement.json"
    assert chipcast("measure", out, "--data", data, "--samples", "4").returncode == 0
    done = chipcast("verify", result, "--data", data, "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["agrees"] is True
    assert all(check["agrees"] for check in document["checks"])
    # From another place, too: nothing that is hashed tells where the project lies.
    shutil.move(out, tmp_path / "elsewhere")
    moved = tmp_path / "elsewhere" / "measurement.json"
    assert chipcast("verify", moved).returncode == 0
    source = tmp_path / "elsewhere" / "project" / "src" / "model_model.c"
    spoil_weight(source, "model_w_0_weights", 0)
    done = chipcast("verify", moved, "--json")
    assert done.returncode == 52
    assert "build, firmware.elf" in " ".join(done.stderr.split())
    checks = {check["what"]: check["agrees"] for check in json.loads(done.stdout)["checks"]}
    assert checks["build"] is False
    assert checks["compiler"] is True
    other = write_data(tmp_path / "other.npz", samples=5)
    told = chipcast("verify", moved, "--data", other).stderr
    assert "data test.npz" in " ".join(told.split())


@pytest.mark.parametrize("text", ["", "[]", "{", '{"schema": "chipcast.measurement/1"}', '{"provenance": 3}'])
def test_verify_refuses_what_is_no_result(tmp_path: Path, text: str) -> None:
    path = tmp_path / "result.json"
    path.write_text(text)
    refused(15, "verify", path)

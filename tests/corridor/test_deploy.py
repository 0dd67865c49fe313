"""The whole corridor on a small .tflite: real PlatformIO, real compilers, real QEMU, a real serial line."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import toolchain
from tests.cli.test_main import chipcast, refused
from tests.corridor.models import (
    CLASSES,
    float_classifier,
    hybrid_classifier,
    int8_classifier,
    unsupported_model,
    write_data,
)
from toolchain.simulate.oracle import Oracle

BOARDS = ["host", pytest.param("sim_cortex_m4", marks=pytest.mark.simulator)]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "small.tflite"
    path.write_bytes(int8_classifier())
    return path


def deploy(model: Path, *words: str | Path) -> dict[str, Any]:
    done = chipcast("deploy", model, "--json", *words)
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


@pytest.mark.parametrize("board", BOARDS)
def test_a_model_runs_on_the_board_and_gives_the_oracles_bytes(
    tmp_path: Path, model: Path, board: str
) -> None:
    data = write_data(tmp_path / "data.npz")
    out = tmp_path / "out"
    report = deploy(model, "--data", data, "--board", board, "--out", out, "--per-layer")
    assert report == json.loads((out / "report.json").read_text())
    assert report["schema"] == "chipcast.report/1"
    assert report["parity"]["compared_bytes"] == 12 * CLASSES
    assert report["parity"]["mismatched_bytes"] == 0
    # The accuracy is that of the oracle's own bytes, computed here.
    with np.load(data) as arrays:
        quantised = np.clip(np.round(arrays["x"] / np.float32(0.05)) + 3, -128, 127).astype(np.int8)
        rows = quantised.reshape(12, -1).view(np.uint8)
        right = Oracle(model.read_bytes()).run(rows).view(np.int8).argmax(axis=1) == arrays["y"]
    low, high = report["accuracy"]["device_interval"]
    assert 0 <= low < right.mean() < high <= 1
    assert report["accuracy"] == {
        "float": None,
        "int8_host": right.mean(),
        "device": right.mean(),
        "samples": 12,
        "int8_host_interval": [low, high],
        "device_interval": [low, high],
    }
    timing = report["timing"]
    assert timing["runs"] == 12
    assert 0 < timing["min"] <= timing["median"] <= timing["max"]
    assert [layer["op"] for layer in timing["per_layer"]] == [
        "CONV_2D",
        "RESHAPE",
        "FULLY_CONNECTED",
        "SOFTMAX",
    ]
    firmware = report["firmware"]
    assert firmware["code_bytes"] + firmware["weights_bytes"] <= firmware["flash_bytes"]
    if board == "host":
        assert (timing["kind"], timing["unit"]) == ("host", "ns")
        assert firmware["stack_bytes"] is None
    else:
        assert (timing["kind"], timing["unit"]) == ("counted", "instructions")
        assert 0 < firmware["stack_bytes"] < 4096
        # What the layers took is what the inference took, but for the timer's own reading.
        assert sum(layer["value"] for layer in timing["per_layer"]) == pytest.approx(
            timing["median"], rel=0.1
        )


def test_a_second_run_runs_nothing_again_and_says_so(tmp_path: Path, model: Path) -> None:
    out = tmp_path / "out"
    first = deploy(model, "--board", "host", "--out", out)
    again = chipcast("deploy", model, "--board", "host", "--out", out, "--json")
    assert json.loads(again.stdout) == first
    stages = [line.split(":")[0] for line in again.stderr.splitlines()]
    assert stages == ["compile", "build", "oracle", "measure"]
    assert all(line.endswith("unchanged, not run again") for line in again.stderr.splitlines())
    forced = chipcast("deploy", model, "--board", "host", "--out", out, "--json", "--force")
    assert "unchanged" not in forced.stderr


@pytest.mark.simulator
def test_the_goal_the_memory_map_and_the_stack_stand_in_the_report(tmp_path: Path, model: Path) -> None:
    reports = {}
    for goal in ("size", "speed"):
        words = ("--board", "sim_cortex_m4", "--random-samples", "2", "--out", tmp_path / "out")
        reports[goal] = deploy(model, *words, "--optimise-for", goal)
    # The same folder: another goal is another firmware.
    firmware = {goal: report["firmware"] for goal, report in reports.items()}
    assert [firmware[goal]["optimise_for"] for goal in firmware] == ["size", "speed"]
    assert "-Os" in firmware["size"]["flags"]
    assert firmware["size"]["flash_bytes"] < firmware["speed"]["flash_bytes"]
    for report in reports.values():
        memory, device = report["memory"], report["firmware"]
        assert memory["arena_bytes"] == device["arena_bytes"] >= memory["lower_bound_bytes"] > 0
        for buffer in memory["buffers"]:
            assert 0 <= buffer["offset"] <= buffer["offset"] + buffer["bytes"] <= memory["arena_bytes"]
            assert buffer["first_layer"] <= buffer["last_layer"]
        names = [buffer["name"] for buffer in memory["buffers"]]
        assert "scratch of layer 0" in names
        # The bound is for the model alone; what the device found is for all that it runs.
        assert device["model_stack_kind"] == "static bound"
        assert 64 < device["model_stack_bytes"] < 4096
    done = chipcast("deploy", model, *words, "--optimise-for", "speed", "--memory-map")
    assert "lower bound" in done.stdout
    assert "scratch of layer 0" in done.stdout
    refused(10, "deploy", model, *words, "--optimise-for", "beauty")


@pytest.mark.simulator
def test_counted_instructions_repeat(tmp_path: Path, model: Path) -> None:
    words = ("--board", "sim_cortex_m4", "--random-samples", "5")
    runs = [deploy(model, *words, "--out", tmp_path / str(run))["timing"] for run in range(2)]
    assert runs[0]["min"] == pytest.approx(runs[1]["min"], abs=1)
    assert runs[0]["max"] == pytest.approx(runs[1]["max"], abs=1)


def test_without_data_there_is_no_accuracy_but_parity(tmp_path: Path, model: Path) -> None:
    report = deploy(model, "--board", "host", "--out", tmp_path / "out", "--random-samples", "7")
    assert set(report["accuracy"].values()) == {None}
    assert report["parity"]["compared_bytes"] == 7 * CLASSES
    assert report["model"]["parameters"] is None


def test_the_same_from_python(tmp_path: Path, model: Path) -> None:
    config = toolchain.config_from(
        {"model": {"path": model}, "board": "host", "measure": {"random_samples": 3}}
    )
    report = toolchain.deploy(config, out=tmp_path / "out")
    assert isinstance(report, toolchain.Report)
    assert report.parity.mismatched_bytes == 0
    assert report.timing.runs == 3


def test_build_flash_measure_one_by_one(tmp_path: Path, model: Path) -> None:
    out = tmp_path / "out"
    built = json.loads(_good("build", model, "--board", "host", "--out", out, "--json"))
    again = json.loads(_good("build", out, "--json"))
    assert again["build_id"] == built["build_id"]
    try:
        flashed = json.loads(_good("flash", out, "--json"))
        assert flashed["build_id"] == built["build_id"]
        data = write_data(tmp_path / "data.npz")
        result = json.loads(_good("measure", out, "--data", data, "--json"))
        assert result["parity"]["mismatched_bytes"] == 0
        assert result["identity"]["build_id"] == built["build_id"]
        # The same board, named by its port, is not the one another project was built for.
        other = tmp_path / "other.tflite"
        other.write_bytes(int8_classifier(seed=2))
        _good("build", other, "--board", "host", "--out", tmp_path / "other", "--json")
        text = refused(44, "measure", tmp_path / "other", "--port", flashed["port"])
        assert built["build_id"][:12] in text
    finally:
        stopped = json.loads(_good("flash", out, "--stop", "--json"))
    assert stopped == {"stopped": True}
    refused(41, "measure", out, "--port", flashed["port"])


def _good(*words: str | Path) -> str:
    done = chipcast(*words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_project_that_was_edited_answers_with_another_build(tmp_path: Path, model: Path) -> None:
    out = tmp_path / "out"
    first = json.loads(_good("build", model, "--board", "host", "--out", out, "--json"))
    source = out / "project" / "src" / "main.c"
    source.write_text(source.read_text() + "\n/* edited */\n")
    second = json.loads(_good("build", out, "--json"))
    assert second["build_id"] != first["build_id"]


@pytest.mark.parametrize(
    ("make", "code", "words"),
    [
        (float_classifier, 12, "float"),
        (hybrid_classifier, 12, "dynamic-range"),
        (unsupported_model, 13, "COS"),
    ],
)
def test_models_that_cannot_run_are_refused(tmp_path: Path, make: Any, code: int, words: str) -> None:
    file = tmp_path / "model.tflite"
    file.write_bytes(make())
    assert words in refused_with_stages(code, "deploy", file, "--board", "host", "--out", tmp_path / "out")
    left = {path.name for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert not {"report.json", "platformio.ini"} & left


def refused_with_stages(code: int, *words: str | Path, env: dict[str, str] | None = None) -> str:
    """As `refused`, with the lines of the stages that went well before."""
    done = chipcast(*words, env=env)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    lines = done.stderr.strip().splitlines()
    assert lines[-2].startswith("chipcast: ")
    return done.stderr


def test_data_that_does_not_fit(tmp_path: Path, model: Path) -> None:
    shape = write_data(tmp_path / "shape.npz", shape=(5, 5, 1))
    text = refused_with_stages(
        15, "deploy", model, "--data", shape, "--board", "host", "--out", tmp_path / "out"
    )
    assert "(5, 5, 1)" in text
    labels = write_data(tmp_path / "labels.npz", classes=CLASSES + 1)
    text = refused_with_stages(
        15, "deploy", model, "--data", labels, "--board", "host", "--out", tmp_path / "out"
    )
    assert str(CLASSES) in text


def small_board(folder: Path, **memory: int) -> Path:
    """sim_cortex_m4 with less memory."""
    text = (Path(toolchain.__file__).parent.parent / "boards" / "sim_cortex_m4.toml").read_text()
    text = text.replace('id = "sim_cortex_m4"', 'id = "small"')
    lines = []
    for line in text.splitlines():
        key = line.split("=")[0].strip()
        lines.append(f"{key} = {memory[key]}" if key in memory else line)
    path = folder / "small.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize(
    ("memory", "region"), [({"flash_bytes": 6000}, "flash"), ({"ram_bytes": 4352}, "RAM")]
)
def test_firmware_that_does_not_fit_says_by_how_much(
    tmp_path: Path, model: Path, memory: dict[str, int], region: str
) -> None:
    board = small_board(tmp_path, **memory)
    text = refused_with_stages(17, "deploy", model, "--board", board, "--out", tmp_path / "out")
    assert region in text
    assert any(word.replace(",", "").isdigit() for word in text.split())


def test_no_compiler_and_no_simulator(tmp_path: Path, model: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    words = ("deploy", model, "--board", "sim_cortex_m4", "--out", tmp_path / "out")
    assert "gcc-arm-none-eabi" in refused(21, *words, env={"PATH": str(empty)})
    compiler = shutil.which("arm-none-eabi-gcc")
    if compiler is None:
        pytest.skip("arm-none-eabi-gcc is not installed: apt-get install gcc-arm-none-eabi")
    wrapper = empty / "arm-none-eabi-gcc"
    wrapper.write_text(f'#!/bin/sh\nexec {compiler} "$@"\n')
    wrapper.chmod(0o755)
    assert "qemu-system-arm" in refused(22, *words, env={"PATH": str(empty)})


def test_ctrl_c_ends_quickly_and_the_next_run_goes_on(tmp_path: Path, model: Path) -> None:
    out = tmp_path / "out"
    words = [sys.executable, "-m", "toolchain", "deploy", str(model), "--board", "host", "--out", str(out)]
    started = subprocess.Popen(
        [*words, "--random-samples", "50000"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while not (out / ".stages" / "oracle.json").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1.5)
    started.send_signal(signal.SIGINT)
    output, text = started.communicate(timeout=20)
    assert started.returncode == 130, text
    assert "interrupted" in text
    assert "Traceback" not in text
    assert output == ""
    assert not (out / "report.json").exists()
    assert json.loads(_good("flash", out, "--stop", "--json")) == {"stopped": False}
    deploy(model, "--board", "host", "--out", out, "--random-samples", "3")

"""`chipcast simulate` as another program meets it: a line with a port, a board behind it, nothing left."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import serial

from tests.cli.test_main import chipcast, refused
from tests.corridor.models import int8_classifier
from toolchain.flash import running

BOARDS = ["host", pytest.param("sim_cortex_m4", marks=pytest.mark.simulator)]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same small model, built for both boards."""
    root = tmp_path_factory.mktemp("simulate")
    model = root / "small.tflite"
    model.write_bytes(int8_classifier())
    for board in ("host", "sim_cortex_m4"):
        done = chipcast("build", model, "--board", board, "--out", root / board, "--json")
        assert done.returncode == 0, done.stderr
    return {board: root / board for board in ("host", "sim_cortex_m4")}


@contextlib.contextmanager
def simulate(*words: str | Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """The running command and what its first line of JSON says."""
    process = subprocess.Popen(
        [sys.executable, "-m", "toolchain", "simulate", *map(str, words), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        assert select.select([process.stdout], [], [], 60)[0], "no line within a minute"
        line = process.stdout.readline()
        assert line, process.stderr.read()
        yield process, json.loads(line)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=20)


def ask(port: serial.SerialBase, command: bytes) -> list[bytes]:
    """The lines up to m-ready."""
    port.write(command)
    lines: list[bytes] = []
    while not lines or b"m-ready" not in lines[-1]:
        lines.append(port.readline())
        assert lines[-1].endswith(b"\r\n"), lines
    return lines


def wait_until_stopped(project: Path) -> None:
    deadline = time.monotonic() + 15
    while running(project) is not None:
        assert time.monotonic() < deadline, "a simulator was left running"
        time.sleep(0.1)


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_it_answers_on_its_port_until_it_is_stopped(
    folders: dict[str, Path], board: str, sign: signal.Signals
) -> None:
    with simulate(folders[board]) as (process, told):
        assert told["board"] == board
        for _ in range(2):
            with serial.serial_for_url(told["port"], timeout=5) as port:
                # The banner is off the line by now: the first reply is the first command's.
                assert ask(port, b"name%") == [b"m-name-dut-[chipcast]\r\n", b"m-ready\r\n"]
                assert told["build_id"].encode() in b"".join(ask(port, b"id%"))
        process.send_signal(sign)
        assert process.wait(20) == 0
    assert running(folders[board] / "project") is None


@pytest.mark.simulator
def test_a_pseudo_terminal_is_opened_again_and_again(folders: dict[str, Path]) -> None:
    with simulate(folders["sim_cortex_m4"], "--pty") as (process, told):
        assert Path(told["port"]).is_char_device()
        for _ in range(3):
            with serial.Serial(told["port"], 115200, timeout=5) as port:
                assert ask(port, b"name%") == [b"m-name-dut-[chipcast]\r\n", b"m-ready\r\n"]
                # No byte is changed or echoed on the way.
                assert ask(port, b"\x03\r\nsync 7%")[0].startswith(b"e-[Unknown command: ?sync 7]")
                port.write(b"help%")
            # What the board says while nobody listens is lost, as on a cable.
            time.sleep(0.3)
        descriptor = os.open(told["port"], os.O_WRONLY | os.O_NOCTTY)
        os.write(descriptor, b"unfinished")
        os.close(descriptor)
        time.sleep(0.3)
        with serial.Serial(told["port"], 115200, timeout=5) as port:
            assert ask(port, b"%name%")[0] == b"e-[Unknown command: unfinished]\r\n"
        process.terminate()
        assert process.wait(20) == 0
    assert running(folders["sim_cortex_m4"] / "project") is None


@pytest.mark.simulator
def test_killed_outright_it_still_leaves_nothing_running(folders: dict[str, Path]) -> None:
    with simulate(folders["sim_cortex_m4"]) as (process, _):
        process.kill()
        process.wait(20)
        wait_until_stopped(folders["sim_cortex_m4"] / "project")


@pytest.mark.simulator
@pytest.mark.parametrize("words", [(), ("--pty",)])
def test_a_simulator_that_ends_by_itself_is_an_error(
    folders: dict[str, Path], words: tuple[str, ...]
) -> None:
    with simulate(folders["sim_cortex_m4"], *words) as (process, _):
        assert chipcast("flash", folders["sim_cortex_m4"], "--stop").returncode == 0
        assert process.wait(20) == 31
        assert process.stderr is not None
        assert "has ended" in process.stderr.read()


def test_what_cannot_be_simulated_is_refused_before_anything_is_built(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    assert "is for the board host" in refused(10, "simulate", folders["host"], "--board", "sim_cortex_m4")
    assert "--out does not apply" in refused(10, "simulate", folders["host"], "--out", tmp_path)
    assert "benchmark is none, not kws01" in refused(10, "simulate", folders["host"], "--benchmark", "kws01")


def test_a_port_of_a_chosen_name(folders: dict[str, Path], tmp_path: Path) -> None:
    name = tmp_path / "ttyBOARD"
    name.symlink_to(tmp_path / "gone")  # a run that was killed
    with simulate(folders["host"], "--port", name) as (process, told):
        assert told["port"] == str(name)
        with serial.Serial(str(name), 115_200, timeout=10) as port:
            assert ask(port, b"name%")[0] == b"m-name-dut-[chipcast]\r\n"
        told_now = " ".join(refused(10, "simulate", folders["host"], "--port", name).split())
        assert "something at" in told_now
        process.terminate()
        assert process.wait(20) == 0
    assert not name.is_symlink()
    wait_until_stopped(folders["host"] / "project")

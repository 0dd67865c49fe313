"""The options of the line, on a simulated board that stands for one on the desk: a port like any other."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.test_main import chipcast, refused
from tests.cli.test_simulate import simulate, wait_until_stopped
from tests.corridor.models import int8_classifier


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An output folder for the host."""
    root = tmp_path_factory.mktemp("ports")
    model = root / "small.tflite"
    model.write_bytes(int8_classifier())
    assert chipcast("build", model, "--board", "host", "--out", root / "out").returncode == 0
    return root / "out"


def test_measuring_on_a_named_port(out: Path, tmp_path: Path) -> None:
    port = tmp_path / "ttyBOARD"
    words = ("measure", out, "--random-samples", "4", "--port", port, "--json")
    with simulate(out, "--port", port) as (_, told):
        assert told["port"] == str(port)
        options = ("--no-dtr", "--rts", "--reconnect", "5", "--ready", "20", "--baud", "57600")
        done = chipcast(*words, *options)
        assert done.returncode == 0, done.stderr
        document = json.loads(done.stdout)
        assert document["provenance"]["port"] == str(port)
        assert document["parity"]["mismatched_bytes"] == 0
    wait_until_stopped(out / "project")
    told_now = refused(41, *words, "--reconnect", "0")
    assert "cannot be opened" in told_now


def test_two_at_once_on_one_port(out: Path, tmp_path: Path) -> None:
    """The second is told at once; the first is not disturbed."""
    port, journal = tmp_path / "ttyBOARD", tmp_path / "first.jsonl"
    with simulate(out, "--port", port):
        words = ["measure", out, "--port", port, "--random-samples", "1000"]
        first = subprocess.Popen(
            [sys.executable, "-m", "toolchain", *map(str, words), "--journal", str(journal), "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            deadline = time.monotonic() + 60
            while not journal.exists() or journal.read_bytes().count(b"\n") < 5:
                assert first.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.001)
            # Held, so that it cannot be done before the second has begun.
            first.send_signal(signal.SIGSTOP)
            told = refused(41, "measure", out, "--port", port, "--random-samples", "2")
            assert "in use by another program" in " ".join(told.split())
            first.send_signal(signal.SIGCONT)
            stdout, stderr = first.communicate(timeout=120)
            assert first.returncode == 0, stderr
            assert json.loads(stdout)["parity"]["mismatched_bytes"] == 0
        finally:
            if first.poll() is None:
                first.kill()
                first.communicate(timeout=20)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--baud", "300"], "baud"),
        (["--reconnect", "-1"], "reconnect_seconds"),
        (["--ready", "0"], "ready_seconds"),
    ],
)
def test_a_wrong_value_is_named(out: Path, words: list[str], named: str) -> None:
    for verb in ("measure", "flash"):
        assert named in refused(10, verb, out, *words)


def test_a_usb_serial_number_that_is_not_there(out: Path) -> None:
    told = " ".join(refused(41, "measure", out, "--port", "usb:NOSUCH", "--reconnect", "0").split())
    assert "No port has the USB serial number 'NOSUCH'" in told

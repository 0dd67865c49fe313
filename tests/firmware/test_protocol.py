"""The serial protocol, spoken by firmware that PlatformIO built, on the host and in QEMU."""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.firmware import tiny_model
from tests.firmware.conftest import render
from tests.firmware.line import Line, checked, fields
from toolchain import paths
from toolchain.build import build_firmware
from toolchain.flash import flashed
from toolchain.load.board import load_board
from toolchain.vocabulary.board import Board
from toolchain.vocabulary.firmware import Firmware


def sample(seed: int = 0) -> bytes:
    """Random input whose first eight bytes ask for no loop and no fault."""
    random = np.random.default_rng(seed).integers(0, 256, tiny_model.INPUT_BYTES, np.uint8)
    random[:8] = 0
    return random.tobytes()


def expected(data: bytes, runs: int) -> bytes:
    return bytes((byte + runs) % 256 for byte in data[8 : 8 + tiny_model.OUTPUT_BYTES])


def test_banner_is_mlperf_tinys(line: Line) -> None:
    mode, lap, done = line.banner
    assert (mode, done) == ("m-timestamp-mode-performance", "m-init-done")
    assert re.fullmatch(r"m-lap-us-[0-9]+", lap)


def test_identity_is_the_built_firmwares(line: Line, built: Callable[[str], tuple[Board, Firmware]]) -> None:
    identity, clock, sizes, align = line.command("id")
    found = fields(identity, "c-id")
    board, firmware = built(found["board"])
    assert found["build"] == firmware.build_id
    assert found["model"] == firmware.model_sha256 == tiny_model.SHA256
    assert (found["protocol"], found["engine"]) == ("1", "aot")
    assert fields(clock, "c-clock") == {"hz": str(board.timer.hz), "status": "ok"}
    assert fields(sizes, "c-sizes") == {
        "input": "700", "output": "12", "arena": "1024", "layers": "2", "chunk": "512", "profile": "0",
    }  # fmt: skip
    assert align == "c-align status=ok"


def test_mlperf_tiny_commands(line: Line) -> None:
    assert line.send(b"name%") == ["m-name-dut-[chipcast]"]
    assert line.send(b"profile%") == ["m-profile-[ULPMark for tinyML Firmware V0.0.1]", "m-model-[tiny]"]
    (lap,) = line.send(b"timestamp%")
    assert re.fullmatch(r"m-lap-us-[0-9]+", lap)
    assert "  run" in line.send(b"help%")


def test_runs_on_the_bytes_that_were_sent(line: Line) -> None:
    data = sample()
    line.put(data)
    for runs in (1, 2):
        result, output = line.run()
        assert result["input"] == f"{zlib.crc32(data):08X}"
        assert output == expected(data, runs)
        assert int(result["ticks"]) > 0


def test_reset_takes_the_state_back(line: Line) -> None:
    line.put(sample())
    line.run()
    assert line.command("reset") == ["c-reset"]
    assert line.run()[1] == expected(sample(), 1)


def test_input_is_written_where_it_belongs_and_nowhere_else(line: Line) -> None:
    data = bytearray(sample())
    line.put(bytes(data))
    data[697:700] = b"end"
    line.put(b"end", 697)
    assert line.run()[0]["input"] == f"{zlib.crc32(data):08X}"


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        (checked("in 698 " + base64.b64encode(b"end").decode()), "e-range"),
        (checked("in 700 AAAA"), "e-range"),
        (checked("in 99999999999999999999 AAAA"), "e-range"),
        (checked("in 4294967296 AAAA"), "e-range"),
        (checked("in -1 AAAA"), "e-range"),
        (checked("in AAAA"), "e-range"),
        (checked("in"), "e-range"),
        (checked("in 0"), "e-range"),
        (checked("in 0 AAA"), "e-base64"),
        (checked("in 0 A==="), "e-base64"),
        (checked("in 0 AB=="), "e-base64"),
        (checked("in 0 AA=A"), "e-base64"),
        (checked("in 0 AA!A"), "e-base64"),
        (b"in 0 AAAA%", "e-crc"),
        (checked("in 0 AAAA").replace(b"AAAA", b"AAAB"), "e-crc"),
        (b"name *00000000%", "e-crc"),
        (b"name *0000000g%", "e-crc"),
        (checked("layers"), "e-unsupported"),
        (b"x" * 2000 + b"%", "e-overflow"),
        (b"bogus%", "e-[Unknown command: bogus]"),
        (b"run fast%", "e-[Unknown command: run fast]"),
        (b"runs%", "e-[Unknown command: runs]"),
        (b"y" * 40 + b"%", f"e-[Unknown command: {'y' * 32}]"),
        (b"\x01\xff%", "e-[Unknown command: ??]"),
    ],
)  # fmt: skip
def test_refusals(host_line: Line, command: bytes, answer: str) -> None:
    before = host_line.run()[0]["input"]
    assert host_line.send(command) == [answer]
    assert host_line.run()[0]["input"] == before


def test_refusals_on_the_board(line: Line) -> None:
    """One of each, so that the cross-compiled parser is seen too."""
    before = line.run()[0]["input"]
    assert line.send(b"x" * 2000 + b"%") == ["e-overflow"]
    assert line.send(checked("in 698 AAAA")) == ["e-range"]
    assert line.send(checked("in 0 AA!A")) == ["e-base64"]
    assert line.send(b"in 0 AAAA%") == ["e-crc"]
    assert line.run()[0]["input"] == before


def test_empty_command_and_line_ends(line: Line) -> None:
    assert line.send(b"%") == []
    assert line.send(b"\r\nna\r\nme\r\n%\r\n") == ["m-name-dut-[chipcast]"]


def test_commands_may_be_sent_without_waiting(line: Line) -> None:
    line.port.write(checked("name") * 50)
    assert [line.answer() for _ in range(50)] == [["m-name-dut-[chipcast]"]] * 50


def test_stack_use_is_told_where_it_can_be(line: Line) -> None:
    (memory,) = line.command("memory")
    found = fields(memory, "c-memory")
    if found["reserve"] == "0":
        assert found["stack"] == "unknown"
    else:
        assert found["reserve"] == "4096"
        assert 64 <= int(found["stack"]) < 1024


@pytest.mark.simulator
def test_layers_are_timed_when_asked_for(tmp_path: Path) -> None:
    board = load_board("sim_cortex_m4")
    project = render(tmp_path / "profile", board, per_layer_timing=True)
    build_firmware(project, board, log=tmp_path / "log")
    with flashed(project, board, log=tmp_path / "log") as running, Line.open(running) as line:
        line.answer()
        assert "profile=1" in line.command("id")[2]
        assert line.command("layers") == ["e-no-run"]
        line.put((10_000).to_bytes(4, "little") + bytes(696))
        result, _ = line.run()
        ticks = [int(fields(said, "c-layer")["ticks"]) for said in line.command("layers")]
    assert len(ticks) == tiny_model.LAYERS
    # The second layer is the loop: 10,001 turns of two instructions, and the call.
    assert 0 <= ticks[1] * 1e9 / (board.timer.hz * 64) - 20_002 < 80
    assert 0 <= int(result["ticks"]) - sum(ticks) < 80


def test_the_projects_protocol_page_is_the_documentations() -> None:
    documentation = Path(__file__).parents[2] / "docs" / "protocol.md"
    assert (paths.firmware_templates() / "project" / "PROTOCOL.md").read_text() == documentation.read_text()


def test_sync_tells_its_token_back(line: Line) -> None:
    line.port.write(b"unfinish")
    assert line.send(b"%sync 4294967295%") == ["e-[Unknown command: unfinish]"]
    assert line.answer() == ["c-sync token=4294967295"]
    assert line.command("sync 12345678901") == ["e-range"]
    assert line.command("sync 1x") == ["e-range"]

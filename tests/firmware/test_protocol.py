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
from toolchain.measure.protocol import encode_frame
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
    identity, build, model, clock, sizes, about_line, align = line.command("id")
    found = fields(identity, "c-id")
    board, firmware = built(found["board"])
    assert (found["protocol"], found["engine"]) == ("2", "aot")
    assert fields(build, "c-build") == {"id": firmware.build_id}
    assert fields(model, "c-model") == {"sha256": firmware.model_sha256}
    assert firmware.model_sha256 == tiny_model.SHA256
    told = fields(clock, "c-clock")
    assert board.timer.hz is not None
    assert (told["hz"], told["status"]) == (str(board.timer.hz), "ok")
    assert told["source"] == board.support.timer
    assert 1 <= int(told["resolution"]) < board.timer.hz // 1000
    assert fields(sizes, "c-sizes") == {
        "input": "700", "output": "12", "arena": "1024", "state": "4", "layers": "2",
    }  # fmt: skip
    assert fields(about_line, "c-line") == {
        "chunk": "512", "window": "2048", "profile": "0", "tensors": "0",
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
        (checked("dump 0 00000000"), "e-unsupported"),
        (checked("tensor 0 0 1"), "e-unsupported"),
        (b"run 1 00000000%", "e-crc"),
        (checked("run 1"), "e-range"),
        (checked("run 1 0000000g"), "e-range"),
        (checked("run 18446744073709551617 00000000"), "e-range"),
        (checked("out 0 13"), "e-range"),
        (checked("out 13 0"), "e-range"),
        (checked("out 12"), "e-range"),
        (checked("time 0"), "e-range"),
        (checked("time 100001"), "e-range"),
        (b"db load 0%", "e-range"),
        (b"db load 701%", "e-range"),
        (b"db load 99999999999999999999%", "e-range"),
        (b"db 0%", "e-hex"),
        (b"db 0g%", "e-hex"),
        (b"db%", "e-hex"),
        (b"db 00%", "e-range"),
        (b"infer%", "e-range"),
        (b"infer 0 1%", "e-range"),
        (b"infer 100001 1%", "e-range"),
        (b"infer 1 100001%", "e-range"),
        (b"infer 1 1 1%", "e-range"),
        (b"\x01%", "e-crc"),
        (b"\x01" + b"A" * 100 + b"%", "e-crc"),
        (encode_frame(698, b"end"), "e-range"),
        (encode_frame(2**32 - 1, b"end"), "e-range"),
        (encode_frame(0, b"x" * 513), "e-range"),
        (encode_frame(0, b"A")[:-2] + b"!%", "e-crc"),
        (b"x" * 2000 + b"%", "e-overflow"),
        (b"bogus%", "e-[Unknown command: bogus]"),
        (b"name fast%", "e-[Unknown command: name fast]"),
        (b"run fast%", "e-crc"),
        (checked("run fast"), "e-range"),
        (b"runs%", "e-[Unknown command: runs]"),
        (b"y" * 40 + b"%", f"e-[Unknown command: {'y' * 32}]"),
        (b"\x02\xff%", "e-[Unknown command: ??]"),
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


def test_binary_frames_carry_every_byte(line: Line) -> None:
    data = bytes(range(256)) * 2 + b"%\x00\r\n" * 47
    assert b"%" not in encode_frame(0, data[:512])[:-1]
    for offset in range(0, 700, 256):
        piece = data[offset : min(offset + 256, 700)]
        assert line.send(encode_frame(offset, piece)) == [f"c-in offset={offset} crc={zlib.crc32(piece):08X}"]
    # Lengths about a full group of COBS, with and without zeros.
    for length in (0, 1, 246, 247, 250, 253, 254, 255, 508, 512):
        for piece in (b"\x00" * length, b"\x25" * length, b"\xff" * length):
            assert line.send(encode_frame(0, piece)) == [f"c-in offset=0 crc={zlib.crc32(piece):08X}"]


def test_a_numbered_run_is_taken_once(line: Line) -> None:
    data = sample()
    crc = f"{zlib.crc32(data):08X}"
    line.put(data)
    first = line.command(f"run 1 {crc}")
    assert fields(first[0], "c-run")["step"] == "1"
    assert line.command(f"run 1 {crc}") == first
    assert line.command("steps") == ["c-steps done=1"]
    assert line.command(f"run 3 {crc}") == ["c-steps done=1", "e-step"]
    assert line.command("run 1 00000000") == ["c-steps done=1", "e-step"]
    assert line.command("run 2 00000000") == ["e-input"]
    second = line.command(f"run 2 {crc}")
    assert base64.b64decode(fields(second[1], "c-out")["data"]) == expected(data, 2)
    (part,) = line.command("out 3 4")
    assert base64.b64decode(fields(part, "c-out")["data"]) == expected(data, 2)[3:7]
    assert len(line.command("time 3")) == 3
    assert line.command(f"run 2 {crc}") == ["c-steps done=5", "e-step"]
    assert line.command("reset") == ["c-reset"]
    assert line.command("steps") == ["c-steps done=0"]
    assert line.command("out 0 1") == ["e-no-run"]
    assert line.send(b"results%") == ["e-no-run"]


def test_every_timed_inference_has_its_time(line: Line) -> None:
    line.put(bytes(700))
    told = [fields(said, "c-time") for said in line.command("time 20")]
    assert [int(one["step"]) for one in told] == list(range(1, 21))
    assert all(int(one["ticks"]) > 0 for one in told)


def test_db_loads_prints_and_never_writes_beyond(line: Line) -> None:
    assert line.send(b"db load 20%") == ["m-[Expecting 20 bytes]"]
    assert line.send(b"db 00010203FE%") == []
    assert line.send(b"infer 1 1%") == ["e-no-input"]
    assert line.send(b"db " + b"11" * 16 + b"%") == ["e-range"]
    assert line.send(b"db " + b"ab" * 15 + b"%") == ["m-load-done"]
    assert line.send(b"db 00%") == ["e-range"]
    assert line.send(b"db print%") == [
        "m-buffer-00-01-02-03-fe-ab-ab-ab",
        "m-buffer-ab-ab-ab-ab-ab-ab-ab-ab",
        "m-buffer-ab-ab-ab-ab",
    ]
    whole = bytes([0, 1, 2, 3, 0xFE]) + b"\xab" * 15 + bytes(680)
    assert line.run()[0]["input"] == f"{zlib.crc32(whole):08X}"


def test_infer_says_what_the_runner_reads(line: Line) -> None:
    line.put((50_000).to_bytes(4, "little") + bytes(696))
    said = line.send(b"infer 3 2%")
    assert said[:3] == ["m-warmup-start-2", "m-warmup-done", "m-infer-start-3"]
    begin, end = (int(re.fullmatch(r"m-lap-us-([0-9]+)", lap)[1]) for lap in said[3:5])  # type: ignore[index]
    assert end > begin
    # The hand-written model's output has no quantisation, so there are no real values to tell.
    assert said[5:] == ["m-infer-done", "e-unsupported"]
    assert line.command("steps") == ["c-steps done=5"]
    assert line.send(b"infer 1%")[0] == "m-warmup-start-10"


def test_the_arenas_high_water_mark(line: Line) -> None:
    line.put(b"\x01" * 700)
    line.run()
    (memory,) = line.command("memory")
    assert fields(memory, "c-memory")["arena"] == "700"


@pytest.mark.simulator
def test_layers_are_timed_when_asked_for(tmp_path: Path) -> None:
    board = load_board("sim_cortex_m4")
    project = render(tmp_path / "profile", board, per_layer_timing=True)
    build_firmware(project, board, log=tmp_path / "log")
    with flashed(project, board, log=tmp_path / "log") as running, Line.open(running) as line:
        line.answer()
        assert "profile=1" in line.command("id")[5]
        assert line.command("layers") == ["e-no-run"]
        line.put((10_000).to_bytes(4, "little") + bytes(696))
        result, _ = line.run()
        ticks = [int(fields(said, "c-layer")["ticks"]) for said in line.command("layers")]
    assert len(ticks) == tiny_model.LAYERS
    assert board.timer.hz is not None
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
    assert line.command("sync 12345678901234567890") == ["e-range"]
    assert line.command("sync 1x") == ["e-range"]

"""Adding a board touches one TOML: a Cortex-M3 that chipcast does not know, built and run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.firmware.conftest import render
from tests.firmware.line import Line, fields
from toolchain import paths
from toolchain.build import build_firmware
from toolchain.flash import flashed
from toolchain.load.board import load_board


@pytest.mark.simulator
def test_a_cortex_m3_from_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHIPCAST_CORE_DIR", str(tmp_path / "core"))
    text = (paths.boards() / "sim_cortex_m4.toml").read_text()
    fpu_flags = '"-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"'
    for old, new in {
        '"sim_cortex_m4"': '"my_cortex_m3"',
        "mps2-an386": "mps2-an385",
        '"cortex-m4"': '"cortex-m3"',
        fpu_flags: '"-mcpu=cortex-m3", "-mthumb"',
        "1_048_576": "131_072",
        "262_144": "20_480",
    }.items():
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "boards").mkdir()
    (tmp_path / "boards" / "my_cortex_m3.toml").write_text(text)

    board = load_board("my_cortex_m3", [tmp_path / "boards"])
    project = render(tmp_path / "project", board)
    firmware = build_firmware(project, board, log=tmp_path / "log")
    assert firmware.ram_bytes < 20_480
    with flashed(project, board, log=tmp_path / "log") as running, Line.open(running) as line:
        line.answer()
        identity, build, *_ = line.command("id")
        assert fields(identity, "c-id")["board"] == "my_cortex_m3"
        assert fields(build, "c-build") == {"id": firmware.build_id}
        line.put(bytes(700))
        assert line.run()[1] == bytes([1] * 12)

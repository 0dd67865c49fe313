"""The digits example on every board that says it is verified: the same bytes on all of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.test_main import chipcast
from tests.corridor.conftest import FEW
from tests.firmware.tools import require_tools_or_skip
from toolchain.load.board import list_boards, load_board

RUN = [board.id for board in list_boards() if board.verified.get("aot") == "simulated"]
BUILT = [board.id for board in list_boards() if board.verified.get("aot") == "compiled"]


@pytest.mark.slow
@pytest.mark.simulator
@pytest.mark.parametrize("name", RUN)
def test_digits_give_the_references_bytes(name: str, digits_int8: Path, tmp_path: Path) -> None:
    require_tools_or_skip(name)
    words = ("--data", digits_int8 / "few.npz", "--board", name, "--out", tmp_path / "out", "--json")
    done = chipcast("deploy", digits_int8 / "model.tflite", *words)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["board"] == name
    assert report["parity"]["compared_bytes"] == 10 * FEW
    assert report["parity"]["mismatched_bytes"] == 0
    assert report["accuracy"]["device"] == report["accuracy"]["int8_host"] > 0.9
    board = load_board(name)
    assert report["timing"]["kind"] == board.timer.kind
    assert report["timing"]["min"] > 0
    if board.memory.flash_bytes:
        assert report["firmware"]["flash_bytes"] <= board.memory.flash_bytes
        assert report["firmware"]["ram_bytes"] <= sum(
            region.bytes for region in board.memory.regions
        ) + board.memory.ram_bytes * (not board.memory.regions)


@pytest.mark.slow
@pytest.mark.parametrize("name", BUILT)
def test_digits_are_built(name: str, digits_int8: Path, tmp_path: Path) -> None:
    done = chipcast("build", digits_int8 / "model.tflite", "--board", name, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr

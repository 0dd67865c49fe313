"""What a simulated board needs and this computer lacks is named, with the command that installs it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from toolchain import installed
from toolchain.build import require_tools
from toolchain.errors import MissingCompilerError, MissingSimulatorError
from toolchain.load.board import list_boards, load_board
from toolchain.vocabulary.board import Board


def without(names: set[str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the programs `names` not be found; every other one is."""
    which = shutil.which
    monkeypatch.setattr(
        shutil, "which", lambda name, *rest, **more: None if name in names else which("true", *rest, **more)
    )
    monkeypatch.setenv("CHIPCAST_CORE_DIR", str(folder))


@pytest.mark.parametrize("board", [b for b in list_boards() if b.is_simulated], ids=lambda b: b.id)
def test_every_boards_compiler(board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = installed.compiler_command(board)
    without({command}, tmp_path, monkeypatch)
    with pytest.raises(MissingCompilerError) as caught:
        require_tools(board)
    assert command in caught.value.problem
    assert (board.compiler.package or "") in caught.value.next_action


def test_the_arduino_core(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without(set(), tmp_path, monkeypatch)
    monkeypatch.setattr(installed, "_ARDUINO", tmp_path)
    with pytest.raises(MissingCompilerError, match="Arduino core") as caught:
        installed.require_compiler(load_board("sim_arduino_mega"))
    assert "apt-get install arduino-core-avr" in caught.value.next_action


def test_simavrs_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without(set(), tmp_path, monkeypatch)
    monkeypatch.setattr(installed, "_SIMAVR_HEADER", tmp_path / "absent.h")
    with pytest.raises(MissingSimulatorError, match="simavr") as caught:
        installed.require_simulator(load_board("sim_arduino_mega"))
    assert "libsimavr-dev" in caught.value.next_action


def test_rp2040js(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without(set(), tmp_path, monkeypatch)
    monkeypatch.setenv("CHIPCAST_NODE_DIR", str(tmp_path))
    board = load_board("sim_pico")
    with pytest.raises(MissingSimulatorError, match="rp2040js") as caught:
        installed.require_simulator(board)
    assert f"npm install --prefix {tmp_path} rp2040js@" in caught.value.next_action
    (tmp_path / "node_modules" / "rp2040js").mkdir(parents=True)
    (tmp_path / "node_modules" / "rp2040js" / "package.json").write_text("{}")
    installed.require_simulator(board)

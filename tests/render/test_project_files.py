"""The files of a rendered project: complete, nothing left to fill in, the board's own drivers only."""

from __future__ import annotations

import dataclasses
import json
import re

import pytest

from tests.firmware import tiny_model
from toolchain import paths
from toolchain.errors import BoardError
from toolchain.load.board import load_board
from toolchain.render.project_files import project_files
from toolchain.vocabulary.board import Board


def rendered(board: Board, *, per_layer_timing: bool = False) -> dict[str, bytes]:
    return project_files(
        tiny_model.program(), board, tiny_model.model_files(), per_layer_timing=per_layer_timing
    )


@pytest.fixture(params=["host", "sim_cortex_m4"])
def board(request: pytest.FixtureRequest) -> Board:
    return load_board(request.param)


def test_nothing_is_left_to_fill_in(board: Board) -> None:
    for name, content in rendered(board).items():
        assert not name.endswith(".j2")
        assert "__pycache__" not in name
        if name.endswith((".ini", ".h", ".ld", ".md", ".json")):
            assert not re.search(r"\{\{|\{%|\bNone\b", content.decode()), name


def test_the_boards_drivers_and_no_others(board: Board) -> None:
    drivers = {name for name in rendered(board) if name.startswith("src/support/")}
    assert drivers == {
        f"src/support/startup/{board.support.startup}.c",
        f"src/support/uart/{board.support.uart}.c",
        f"src/support/timer/{board.support.timer}.c",
    }


def test_the_linker_script_holds_the_boards_memory() -> None:
    board = load_board("sim_cortex_m4")
    script = rendered(board)["platform/ldscripts/cortex_m.ld"].decode()
    assert "ORIGIN = 0x00000000, LENGTH = 1048576" in script
    assert "ORIGIN = 0x20000000, LENGTH = 262144" in script
    assert not any("ldscripts" in name for name in rendered(load_board("host")))


def test_the_manifest_is_what_platformio_and_the_simulator_script_read(board: Board) -> None:
    manifest = json.loads(rendered(board)[f"platform/boards/{board.platformio.board}.json"])
    assert manifest["simulator"]["kind"] == ("host" if board.id == "host" else "qemu")
    assert manifest["upload"]["maximum_size"] == board.memory.flash_bytes


def test_layer_timing_only_when_asked_for(board: Board) -> None:
    assert b"CHIPCAST_PROFILE" not in rendered(board)["platformio.ini"]
    assert b"-DCHIPCAST_PROFILE" in rendered(board, per_layer_timing=True)["platformio.ini"]


def test_the_same_every_time(board: Board) -> None:
    assert rendered(board) == rendered(board)


@pytest.mark.parametrize("kind", ["startup", "uart", "timer"])
def test_a_driver_that_does_not_exist(board: Board, kind: str) -> None:
    wrong = board.model_copy(update={"support": board.support.model_copy(update={kind: "nonsense"})})
    with pytest.raises(BoardError, match=f"names the {kind} 'nonsense'"):
        rendered(wrong)


def test_a_linker_script_that_does_not_exist(board: Board) -> None:
    support = board.support.model_copy(update={"linker_script": "nonsense.ld"})
    with pytest.raises(BoardError, match=r"linker script 'nonsense\.ld'"):
        rendered(board.model_copy(update={"support": support}))


def test_templates_hold_no_arithmetic() -> None:
    for template in paths.firmware_templates().rglob("*.j2"):
        for expression in re.findall(r"\{\{(.*?)\}\}|\{%(.*?)%\}", template.read_text()):
            text = re.sub(r'"[^"]*"', "", "".join(expression))
            assert not re.search(r"[+*/~]|\d+\s*-|-\s*\d", text), f"{template}: {text}"


def test_a_models_name_cannot_break_out_of_its_line(board: Board) -> None:
    program = dataclasses.replace(tiny_model.program(), model_name='a\n[env:evil]\n*/ "b"')
    files = project_files(program, board, tiny_model.model_files())
    for name, content in files.items():
        if name not in {"README.md"}:
            assert b"evil" not in content, name
    assert files["README.md"].startswith(b'# a [env:evil] */ "b" on ')

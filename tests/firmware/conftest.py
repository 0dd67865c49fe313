"""Rendered, built and running firmware of the hand-written model, for both built-in boards."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.firmware import tiny_model
from tests.firmware.line import Line
from toolchain.build import build_firmware
from toolchain.flash import flash_detached, stop
from toolchain.load.board import load_board
from toolchain.render.project_files import project_files
from toolchain.render.write_folder import write_folder
from toolchain.vocabulary.board import Board
from toolchain.vocabulary.firmware import Firmware

BOARDS = [pytest.param("host", id="host"), pytest.param("sim_cortex_m4", marks=pytest.mark.simulator)]


@pytest.fixture(scope="session", autouse=True)
def core_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """PlatformIO's folder for these tests alone."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("core")
        patch.setenv("CHIPCAST_CORE_DIR", str(folder))
        patch.delenv("CHIPCAST_SIMULATOR_DIR", raising=False)
        yield folder


def render(
    folder: Path, board: Board, *, per_layer_timing: bool = False, layer_tensors: bool = False, **sizes: int
) -> Path:
    program = tiny_model.program(**sizes)
    files = project_files(
        program,
        board,
        tiny_model.model_files(**sizes),
        per_layer_timing=per_layer_timing,
        layer_tensors=layer_tensors,
    )
    write_folder(folder, files)
    return folder


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Board, Firmware]]:
    """Board and firmware by the board's name, each built once."""
    done: dict[str, tuple[Board, Firmware]] = {}

    def build(name: str) -> tuple[Board, Firmware]:
        if name not in done:
            board = load_board(name)
            folder = render(tmp_path_factory.mktemp("built") / board.id, board)
            done[name] = (board, build_firmware(folder, board, log=folder.parent / "log"))
        return done[name]

    return build


@pytest.fixture(scope="module", params=BOARDS)
def started(
    request: pytest.FixtureRequest,
    built: Callable[[str], tuple[Board, Firmware]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Line]:
    """One board of each kind for a module's tests, its banner read."""
    with _running(request.param, built, tmp_path_factory.mktemp("state")) as line:
        yield line


@pytest.fixture
def line(started: Line) -> Line:
    """A board whose model is as after a reset, and whose input is zero."""
    started.command("reset")
    started.put(bytes(tiny_model.INPUT_BYTES))
    return started


@pytest.fixture(scope="module")
def host_line(
    built: Callable[[str], tuple[Board, Firmware]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Line]:
    """The host's firmware alone, for what the C decides wherever it runs."""
    with _running("host", built, tmp_path_factory.mktemp("state")) as line:
        yield line


@contextlib.contextmanager
def _running(name: str, built: Callable[[str], tuple[Board, Firmware]], state: Path) -> Iterator[Line]:
    """A board with a state folder of its own, so that others may run the same project beside it."""
    board, firmware = built(name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHIPCAST_SIMULATOR_DIR", str(state))
        running = flash_detached(firmware.project, board, log=state / "log", seconds=300)
    try:
        with Line.open(running) as line:
            line.banner = line.answer()
            yield line
    finally:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CHIPCAST_SIMULATOR_DIR", str(state))
            assert stop(firmware.project)

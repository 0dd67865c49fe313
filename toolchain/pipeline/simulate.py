"""A simulated board kept running for other programs, until it is stopped."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from toolchain.build import build_firmware, require_tools
from toolchain.config import DeployConfig
from toolchain.errors import ConfigError, FlashError
from toolchain.flash import FlashedBoard, flashed, running
from toolchain.load.board import load_board
from toolchain.load.project import open_project
from toolchain.measure import Device
from toolchain.measure.ports import open_link
from toolchain.simulate.pty_bridge import PtyBridge
from toolchain.vocabulary.board import Board
from toolchain.vocabulary.firmware import Firmware

LOOK_SECONDS = 2.0
# Longer than any pause within or between answers.
QUIET_SECONDS = 0.5
# What is still to come after that is bounded, whatever the device does.
SILENCE_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class SimulatedBoard:
    """A running simulated board: `port` is what a serial program opens, `build_id` what answers there."""

    board: str
    build_id: str
    port: str
    project: Path
    url: str
    bridge: PtyBridge | None

    def keep_running(self) -> None:
        """Return when the simulator has ended; the way to end it is to leave `simulated_board`'s block.

        Raises:
            FlashError: it has ended, or another was started in its place.
        """
        if self.bridge is None:
            while self._runs():
                time.sleep(LOOK_SECONDS)
        else:
            self.bridge.run(self._runs, LOOK_SECONDS)
        raise FlashError(
            f"The simulated board on {self.port} has ended, or another was started in its place.",
            f"See the log: {self.project / '.simulator' / 'simulator.log'}.",
        )

    def _runs(self) -> bool:
        found = running(self.project)
        return found is not None and found.url == self.url


@contextlib.contextmanager
def simulated_board(path: Path, *, pty: bool = False, name: Path | None = None) -> Iterator[SimulatedBoard]:
    """Build the project at `path` where it changed, start its simulated board, and let it begin.

    Its port is a socket, with `pty` a pseudo-terminal, with `name` a pseudo-terminal under that path as
    well.  The simulator ends with the block, and with this process, however that ends.

    Raises:
        ConfigError: the project's board is none that can be simulated, or `name` is taken.
        BuildError, FlashError: as their names say.
    """
    project = open_project(path)
    board = project.manifest.board
    _require_simulated(board)
    require_tools(board)
    if name is not None:
        _require_free(name)
    log = project.folder.parent / "chipcast.log"
    firmware = build_firmware(project.folder, board, log=log)
    with contextlib.ExitStack() as stack:
        started = stack.enter_context(flashed(project.folder, board, log=log))
        _let_begin(started, board, firmware)
        bridge, port = None, started.url
        if pty or name is not None:
            bridge = PtyBridge(started.url)
            stack.callback(bridge.close)
            port = bridge.port if name is None else stack.enter_context(_named(bridge.port, name))
        yield SimulatedBoard(
            board=board.id,
            build_id=firmware.build_id,
            port=port,
            project=project.folder,
            url=started.url,
            bridge=bridge,
        )


def _require_free(name: Path) -> None:
    """Refuse a name that something has; a link that leads nowhere was left by a run that was killed."""
    if name.exists():
        raise ConfigError(f"There is something at {name} already.", "Choose another --port, or delete it.")
    if not name.absolute().parent.is_dir():
        raise ConfigError(f"There is no folder for {name}.", "Choose another --port.")


@contextlib.contextmanager
def _named(port: str, name: Path) -> Iterator[str]:
    """`name`, while the block lasts a symbolic link to `port`."""
    try:
        name.unlink(missing_ok=True)
        name.symlink_to(port)
    except OSError as exc:
        raise ConfigError(
            f"The port cannot be called {name}: {exc.strerror}.", "Choose another --port."
        ) from exc
    try:
        yield str(name.absolute())
    finally:
        if name.is_symlink() and os.readlink(name) == port:
            name.unlink()


def _let_begin(started: FlashedBoard, board: Board, firmware: Firmware) -> None:
    """Wait until this very build answers, and take its banner off the line.

    Whoever opens the port next may count replies, as MLPerf Tiny's runner does: to it, a banner that is
    still under way would be the reply to its first command.
    """
    with contextlib.closing(open_link(started.url, board.serial.baud)) as link:
        device = Device(link)
        started.release()
        device.wait_until_ready()
        device.require_build(firmware.build_id)
        # On a busy computer questions were asked more than once: their answers are still to come.
        ends = time.monotonic() + SILENCE_SECONDS
        while time.monotonic() < ends and link.read_line(time.monotonic() + QUIET_SECONDS) is not None:
            pass


def require_project_matches(
    path: Path, board: str | None, benchmark: str | None, other_options: Sequence[str]
) -> None:
    """Refuse options that a project, which is rendered already, cannot follow any more.

    Raises:
        ConfigError: the option, and what the project was rendered for.
    """
    manifest = open_project(path).manifest
    faults = [f"--{option.replace('_', '-')} does not apply" for option in other_options]
    if board is not None and board != manifest.board.id:
        faults.append(f"it is for the board {manifest.board.id}, not {board}")
    rendered_for = manifest.benchmark
    if benchmark is not None and benchmark != rendered_for:
        faults.append(f"its benchmark is {rendered_for or 'none'}, not {benchmark}")
    if faults:
        raise ConfigError(
            f"The project {path} is rendered already: {'; '.join(faults)}.",
            "Leave the options out, or give the model instead of the project.",
        )


def require_simulated_board(config: DeployConfig) -> None:
    """Refuse, before anything is built, a configuration whose board cannot be simulated.

    Raises:
        BoardError: there is no such board.
        ConfigError: it has no simulator.
    """
    _require_simulated(load_board(config.board, [config.boards_folder] if config.boards_folder else []))


def _require_simulated(board: Board) -> None:
    if not board.is_simulated:
        raise ConfigError(
            f"The board {board.id} has no simulator.",
            "Choose one that has, such as --board sim_cortex_m4; `chipcast boards` lists them.",
        )

"""Flashes a board with PlatformIO; flashing a simulated board starts its simulator."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from toolchain import installed, process
from toolchain.errors import ConfigError, FlashError
from toolchain.pio import build_failure, run_platformio
from toolchain.simulate.project_simulator import RunningSimulator, find_running, stop_running
from toolchain.vocabulary.board import Board

# A run of many hours is no fault; its end is the end of the process that owns it.
_OWNED_SECONDS = 7 * 24 * 3600
DETACHED_SECONDS = 3600
# How platform/simulator.py begins the sentence that says what is wrong.
_SIMULATOR_TELLS = "simulator: "
_PROTOCOL_LINE = re.compile(r"^upload_protocol = (\S+)$", re.MULTILINE)
_ERROR_WORD = re.compile(r"\b(?:error|fail(?:ed|ure)?|cannot|could not|no device)\b", re.IGNORECASE)
# With nothing but the tool's exit code it says no more than that it failed.
_SCONS_FAULT = re.compile(r"\*\*\* \[.*?\] (?!Error \d+$)(.+)")


@dataclass(frozen=True, slots=True)
class FlashedBoard:
    """A board with the firmware on it: `url` is what serial.serial_for_url opens.

    Simulated firmware is held before its first word until `release`, so that a host that listens by
    then loses nothing of what it says.
    """

    url: str
    simulator: RunningSimulator | None = None
    number: str | None = None
    """The USB serial number that its port had before it was flashed."""

    def release(self) -> None:
        """Let held firmware begin; nothing to do for a board on the desk.

        Raises:
            FlashError: the simulator is gone.
        """
        if self.simulator is not None:
            self.simulator.release()

    def at(self, port: str | None) -> FlashedBoard:
        """The same board on the desk, its port by another name; a simulated one tells its own."""
        return self if self.simulator is not None or port is None else replace(self, url=port)


@contextlib.contextmanager
def flashed(
    project: Path, board: Board, *, log: Path, port: str | None = None, number: str | None = None
) -> Iterator[FlashedBoard]:
    """The board with the project's firmware on it; a simulated one lives until the block is left.

    `port` is the path of a desk board's serial port, `number` the port's USB serial number where it has one.

    Raises:
        MissingSimulatorError: checked before anything starts.
        FlashError: uploading, or starting the simulator, failed.
        BuildError, DoesNotFitError: the project had changed since it was built, and does not build.
    """
    installed.require_simulator(board)
    try:
        yield _upload(project, board, log, port, number, owner=str(os.getpid()), seconds=_OWNED_SECONDS)
    finally:
        if board.is_simulated:
            stop_running(project)


def flash_detached(
    project: Path,
    board: Board,
    *,
    log: Path,
    port: str | None = None,
    number: str | None = None,
    seconds: int = DETACHED_SECONDS,
) -> FlashedBoard:
    """Flash the board and leave it running; a simulated one ends after `seconds` at the latest.

    Raises:
        as `flashed`.
    """
    installed.require_simulator(board)
    return _upload(project, board, log, port, number, owner="", seconds=seconds)


def running(project: Path) -> FlashedBoard | None:
    """The simulated board that runs the project's firmware now, or None."""
    found = find_running(project)
    return FlashedBoard(found.url, found) if found else None


def stop(project: Path) -> bool:
    """End the project's simulated board; False where none was running."""
    return stop_running(project)


def _upload(
    project: Path,
    board: Board,
    log: Path,
    port: str | None,
    number: str | None,
    *,
    owner: str,
    seconds: int,
) -> FlashedBoard:
    if board.is_simulated:
        port = None
    elif port is None:
        raise FlashError(f"The port of the board {board.id} is not known.", "Name it with --port.")
    if board.platformio.travels:
        installed.require_compiler(board)
    done = run_platformio(
        project.absolute(),
        board,
        log=log,
        timeout=600,
        targets=["upload"],
        settings=_settings(project, board),
        upload_port=port if board.upload is None or board.upload.wants_port else None,
        env={
            "CHIPCAST_OWNER_PID": owner,
            "CHIPCAST_SIMULATOR_LIFETIME": str(seconds),
            "CHIPCAST_PROBE_SERIAL": (number or "") if uses_own_probe(board) else "",
        },
    )
    if done.exit_code != 0:
        raise _failure(done, board, log)
    if port is not None:
        return FlashedBoard(port, number=number)
    started = running(project)
    if started is None:
        raise FlashError("The simulator ended right after it had started.", f"See the log: {log}.")
    return started


def flashed_by(board: Board, protocol: str | None) -> Board:
    """`board` with `protocol` as the one that flashes it; None: as it is.

    Raises:
        ConfigError: it is none of the board's.
    """
    if protocol is None:
        return board
    if board.upload is None:
        raise ConfigError(
            f"The board {board.id} has no upload protocol to choose.", "Leave --upload-protocol out."
        )
    if protocol not in board.upload.protocols:
        raise ConfigError(
            f"The board {board.id} is not flashed by {protocol!r}.",
            f"Its protocols are: {', '.join(board.upload.protocols)}.",
        )
    return board.model_copy(update={"upload": board.upload.by(protocol)})


def _settings(project: Path, board: Board) -> Path | None:
    """Settings for PlatformIO where another protocol is wanted than the project was rendered with; its own
    file stays as it was rendered.

    Raises:
        FlashError: the project's settings name no protocol.
    """
    if board.upload is None:
        return None
    try:
        text = (project / "platformio.ini").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise FlashError(f"{project / 'platformio.ini'} cannot be read.", "Render it again.") from exc
    found = _PROTOCOL_LINE.search(text)
    if found is None:
        raise FlashError(f"{project / 'platformio.ini'} names no upload_protocol.", "Render it again.")
    if found.group(1) == board.upload.protocol:
        return None
    changed = text[: found.start(1)] + board.upload.protocol + text[found.end(1) :]
    target = project / ".pio" / "upload.ini"
    target.parent.mkdir(exist_ok=True)
    target.write_text(changed, encoding="utf-8")
    return target


def uses_own_probe(board: Board) -> bool:
    """Whether it is flashed by a probe on the board, which has its serial port's USB serial number."""
    return board.upload is not None and board.upload.protocol == board.upload.onboard


def _failure(done: process.Completed, board: Board, log: Path) -> Exception:
    """A failed upload says itself what was wrong, unless it was the build before it."""
    if "Starting the simulator" not in done.stdout and "Uploading" not in done.stdout:
        return build_failure(done, board, log)
    told = [line for line in done.stderr.splitlines() if line.startswith(_SIMULATOR_TELLS)]
    said = told[-1].removeprefix(_SIMULATOR_TELLS).strip() if told else _reason(done)
    return FlashError(f"Flashing the board {board.id} failed: {said}", f"See the log: {log}.")


def _reason(done: process.Completed) -> str:
    """The upload tool's first line that names an error, else its last one, else what SCons made of it."""
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip(" *=-")]
    tool = [line for line in lines if not line.startswith(("*", "="))]
    scons = [found.group(1) for line in lines if (found := _SCONS_FAULT.match(line))]
    named = [line for line in tool if _ERROR_WORD.search(line)]
    return (*named[:1], *tool[-1:], *scons, f"exit code {done.exit_code}.")[0]

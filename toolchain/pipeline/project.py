"""The last rooms of the corridor, entered with a project that is there already: build, flash, measure."""

from __future__ import annotations

from pathlib import Path

from toolchain.build import build_firmware, read_firmware, require_tools
from toolchain.flash import FlashedBoard, flash_detached, flashed_by, stop
from toolchain.load.project import ProjectFolder, open_project
from toolchain.pipeline.board_line import BoardLine, found_line, opened_device
from toolchain.vocabulary.firmware import Firmware
from toolchain.vocabulary.measurement import Identity
from toolchain.vocabulary.project import MANIFEST_FILE


def is_project(path: Path) -> bool:
    """Whether `path` is a rendered project or holds one."""
    return any((folder / MANIFEST_FILE).is_file() for folder in (path, path / "project"))


def build_project(path: Path) -> Firmware:
    """Build the project at `path` with PlatformIO, as it stands."""
    project = open_project(path)
    require_tools(project.manifest.board, simulator=False)
    return build_firmware(project.folder, project.manifest.board, log=_log(project))


def flash_project(
    path: Path, line: BoardLine | None = None, *, upload_protocol: str | None = None
) -> tuple[FlashedBoard, Identity]:
    """Flash the built firmware and check over the line that it is the one that answers.

    With `upload_protocol`, by that one; a protocol whose boot loader wants the firmware elsewhere in flash
    has it built anew.  A simulated board keeps running, for a bounded time, for a `measure` that comes later.

    Raises:
        ConfigError: the protocol is none of the board's.
        StaleFirmwareError: another build answers.
        FlashError, DeviceError: as their names say.
    """
    project = open_project(path)
    board = flashed_by(project.manifest.board, upload_protocol)
    require_tools(board)
    read_firmware(project.folder, board)
    line = found_line(line or BoardLine(), board)
    flashed_board = flash_detached(
        project.folder, board, log=_log(project), port=line.upload_port, number=line.usb_number
    )
    flashed_board = flashed_board.at(line.port)
    with opened_device(flashed_board, board, line, just_flashed=True) as device:
        # Read now: flashing builds first what has changed.
        identity = device.require_build(read_firmware(project.folder, board).build_id)
    return flashed_board, identity


def stop_project(path: Path) -> bool:
    """End the project's simulated board; False where none was running."""
    return stop(open_project(path).folder)


def _log(project: ProjectFolder) -> Path:
    return project.folder.parent / "chipcast.log"

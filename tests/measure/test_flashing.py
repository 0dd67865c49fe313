"""Flashing a board on a desk, the upload made up: its port goes and comes again, with the right build."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.measure.conftest import Build
from tests.measure.fake_firmware import FakeFirmware
from tests.measure.test_ports import Pty
from toolchain.errors import ConfigError, FlashError, SilentDeviceError, StaleFirmwareError
from toolchain.load.board import load_board
from toolchain.load.project import ProjectFolder
from toolchain.pipeline.board_line import BoardLine
from toolchain.pipeline.project import flash_project
from toolchain.process import Completed
from toolchain.vocabulary.board import Board
from toolchain.vocabulary.board_on_desk import Upload
from toolchain.vocabulary.settings import SerialSettings

NUMBER = "66AA"


class Desk:
    """One board at one port, and PlatformIO's place taken: what an upload does there is `act`."""

    def __init__(self, port: Pty, project: Path, build_id: str) -> None:
        self.port, self.project, self.build_id = port, project, build_id
        self.exit_code, self.stderr = 0, ""
        self.told: dict[str, Any] = {}
        self.number: str | None = NUMBER
        self.timers: list[threading.Timer] = []
        self.comes_back_as = port.name
        self.firmware: FakeFirmware | None = FakeFirmware(build=build_id)

    def comports(self) -> list[SimpleNamespace]:
        there = [path for path in self.port.name.parent.glob("tty*") if path.exists()]
        return [SimpleNamespace(device=str(path), serial_number=self.number) for path in there]

    def upload(self, project: Path, board: Board, **told: Any) -> Completed:
        self.told = {"board": board, **told}
        if self.exit_code == 0:
            self.port.unplug()
            again = threading.Timer(0.6, self._come_back)
            self.timers.append(again)
            again.start()
        return Completed(("pio",), self.exit_code, "Uploading firmware.bin\n", self.stderr, 1.0)

    def _come_back(self) -> None:
        self.port.name = self.comes_back_as
        self.port.firmware = self.firmware or FakeFirmware(silent=True)
        self.port.plug()


@pytest.fixture
def desk(host_firmware: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A board with a USB of its own, and its project, built: the host's, with another manifest."""
    firmware = host_firmware()
    project = Path(shutil.copytree(firmware.project, tmp_path / "project", symlinks=True))
    settings = project / "platformio.ini"
    settings.write_text(settings.read_text() + "upload_protocol = sam-ba\n")
    host = load_board("host")
    board = host.model_copy(
        update={
            "simulator": None,
            "upload": Upload(protocols=["sam-ba", "jlink"], over_serial=["sam-ba"]),
            "serial": host.serial.model_copy(update={"line": "native", "dtr": True}),
        }
    )
    folder = ProjectFolder(project, SimpleNamespace(board=board), None)  # type: ignore[arg-type]
    monkeypatch.setattr("toolchain.pipeline.project.open_project", lambda _: folder)
    (tmp_path / "dev").mkdir()
    port = Pty(tmp_path / "dev" / "ttyACM0", FakeFirmware(build="0" * 64))
    desk = Desk(port, project, firmware.build_id)
    monkeypatch.setattr("toolchain.measure.ports.list_ports.comports", desk.comports)
    monkeypatch.setattr("toolchain.flash.run_platformio", desk.upload)
    yield desk
    for timer in desk.timers:
        timer.join()
    port.end()


def flash(desk: Desk, protocol: str | None = None, seconds: float = 5.0) -> str:
    line = BoardLine(
        str(desk.port.name), 2.0, SerialSettings(ready_seconds=seconds, reconnect_seconds=seconds)
    )
    found, identity = flash_project(desk.project, line, upload_protocol=protocol)
    assert identity.build_id == desk.build_id
    return found.url


def test_the_firmware_that_was_flashed_answers(desk: Desk) -> None:
    named = str(desk.port.name)
    assert flash(desk) == named
    assert desk.told["upload_port"] == named
    assert desk.told["settings"] is None


def test_a_board_that_comes_back_under_another_path_is_found_by_its_number(desk: Desk) -> None:
    desk.comes_back_as = desk.port.name.with_name("ttyACM1")
    flash(desk)


def test_a_board_that_comes_back_without_its_number_is_where_it_was(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("toolchain.pipeline.board_line._GRACE_SECONDS", 0.5)
    upload = desk.upload

    def forget(project: Path, board: Board, **told: Any) -> Completed:
        desk.number = None
        return upload(project, board, **told)

    monkeypatch.setattr("toolchain.flash.run_platformio", forget)
    flash(desk)


def test_another_build_than_the_one_flashed_is_refused(desk: Desk) -> None:
    desk.firmware = FakeFirmware(build="d" * 64)
    with pytest.raises(StaleFirmwareError, match=f"runs build dddddddddddd .*not {desk.build_id[:12]}"):
        flash(desk)


def test_a_board_that_is_silent_afterwards_is_told_within_the_bound(desk: Desk) -> None:
    desk.firmware = None
    with pytest.raises(SilentDeviceError, match="sent nothing within 2 s"):
        flash(desk, seconds=2.0)


def test_a_failed_upload_ends_it(desk: Desk) -> None:
    desk.exit_code, desk.stderr = 1, "SAM-BA operation failed\n"
    with pytest.raises(FlashError, match="SAM-BA operation failed"):
        flash(desk)
    assert desk.port.firmware.runs == 0


def test_another_protocol_of_the_boards(desk: Desk) -> None:
    """PlatformIO is given settings of their own: the project stays as it was rendered."""
    before = (desk.project / "platformio.ini").read_text()
    flash(desk, "jlink")
    assert desk.told["upload_port"] is None
    settings = desk.told["settings"].read_text()
    assert settings == before.replace("upload_protocol = sam-ba", "upload_protocol = jlink") != before
    assert (desk.project / "platformio.ini").read_text() == before


def test_a_protocol_that_is_none_of_the_boards(desk: Desk) -> None:
    with pytest.raises(ConfigError, match=r"not flashed by 'stlink'\. Its protocols are: sam-ba, jlink"):
        flash(desk, "stlink")
    assert desk.told == {}

"""Which port a board is found on, and how its line is opened, as the verbs that measure and flash do it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import serial

from tests.measure.fake_firmware import BUILD, FakeFirmware
from tests.measure.test_ports import Pty
from toolchain.config import config_from
from toolchain.errors import ConfigError, PortError
from toolchain.flash import FlashedBoard
from toolchain.load.board import load_board
from toolchain.pipeline.board_line import BoardLine, found_line, line_of, opened_device
from toolchain.pipeline.on_board import board_of
from toolchain.vocabulary.board import Board
from toolchain.vocabulary.settings import SerialSettings


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pty]:
    """A port with the USB serial number 66AA, on which the board `fake` answers."""
    port = Pty(tmp_path / "board", FakeFirmware())
    found = [SimpleNamespace(device=str(port.name), serial_number="66AA")]
    monkeypatch.setattr("toolchain.measure.ports.list_ports.comports", lambda: found)
    yield port
    port.end()


@pytest.fixture
def board() -> Board:
    """A board on the desk."""
    return load_board("host").model_copy(update={"id": "fake", "simulator": None})


def test_auto_is_the_port_on_which_the_board_answers(desk: Pty, board: Board) -> None:
    line = found_line(BoardLine("auto"), board)
    assert line.port == "usb:66AA"
    assert line.upload_port == str(desk.name)
    assert found_line(BoardLine("auto"), board, build_id=BUILD).port == "usb:66AA"
    with pytest.raises(PortError, match=f"{desk.name}: board fake, build bbbbbbbbbbbb"):
        found_line(BoardLine("auto"), board, build_id="c" * 64)


def test_auto_takes_the_one_port_with_the_boards_own_usb_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no firmware answers yet: ids of a probe are many boards', and are only told."""

    def plug(*ids: tuple[int, int]) -> None:
        found = [
            SimpleNamespace(device=f"/dev/nothing{n}", serial_number=f"{n}", vid=vid, pid=pid, description="")
            for n, (vid, pid) in enumerate(ids)
        ]
        monkeypatch.setattr("serial.tools.list_ports.comports", lambda: found)

    plug((0xDEAD, 0xBEEF), (0x2E8A, 0x000A))
    assert found_line(BoardLine("auto"), load_board("pico")).port == "usb:1"
    with pytest.raises(PortError, match="No ports answer"):
        found_line(BoardLine("auto"), load_board("pico"), build_id=BUILD)
    plug((0x2E8A, 0x000A), (0x2E8A, 0x000A))
    with pytest.raises(PortError, match="it may be /dev/nothing0 or /dev/nothing1"):
        found_line(BoardLine("auto"), load_board("pico"))
    plug((0x0483, 0x374B))
    with pytest.raises(PortError, match=r"No ports answer .* may be /dev/nothing0"):
        found_line(BoardLine("auto"), load_board("nucleo_f446re"))


def test_a_simulated_board_tells_its_own_port(desk: Pty) -> None:
    assert found_line(BoardLine("auto"), load_board("host")).port is None
    assert desk.firmware.runs == 0


def test_a_named_port_is_taken_as_it_is(board: Board) -> None:
    line = BoardLine("/dev/ttyACM7")
    assert found_line(line, board) is line
    assert line.upload_port == "/dev/ttyACM7"


def test_the_line_is_opened_as_it_is_wanted(desk: Pty, board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[tuple[int, bool, bool]] = []
    whole = serial.Serial.open

    def note(port: serial.Serial) -> None:
        opened.append((port.baudrate, port.dtr, port.rts))
        whole(port)

    monkeypatch.setattr("serial.Serial.open", note)
    line = BoardLine("usb:66AA", 5.0, SerialSettings(baud=57_600, dtr=False, rts=True))
    with opened_device(FlashedBoard("usb:66AA"), board, line) as device:
        assert device.identify().board == "fake"
    assert opened == [(57_600, False, True)]
    with opened_device(FlashedBoard("usb:66AA"), board, BoardLine("usb:66AA")) as device:
        device.identify()
    assert opened[1][0] == board.serial.baud


def test_the_firmware_is_made_for_the_rate_that_its_line_is_opened_at(tmp_path: Path) -> None:
    model = tmp_path / "model.tflite"
    model.write_bytes(b"x")
    section = {"baud": 921_600, "reconnect_seconds": 5.0}
    config = config_from({"model": {"path": model}, "port": "usb:1", "serial": section})
    assert board_of(config).serial.baud == 921_600
    assert line_of(config) == BoardLine(
        "usb:1", 60.0, SerialSettings(baud=921_600, dtr=None, rts=None, reconnect_seconds=5.0)
    )


@pytest.mark.parametrize("wrong", [{"baud": 300}, {"dtr": 1}, {"reconnect_seconds": -1.0}, {"bits": 7}])
def test_a_wrong_setting_of_the_line_is_named(tmp_path: Path, wrong: dict[str, object]) -> None:
    model = tmp_path / "model.tflite"
    model.write_bytes(b"x")
    with pytest.raises(ConfigError, match=rf"serial\.{next(iter(wrong))}"):
        config_from({"model": {"path": model}, "serial": wrong})

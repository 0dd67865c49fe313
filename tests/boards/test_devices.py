"""What is plugged in: recognised by USB ids, asked within bounds, whatever is at the other end."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.measure.fake_firmware import BUILD, FakeFirmware
from tests.measure.test_ports import Pty
from toolchain.load.board import list_boards
from toolchain.measure.attached_ports import ask_all
from toolchain.measure.ports import LineOptions
from toolchain.pipeline.devices import attached_devices
from toolchain.report.device_table import device_as_dict, device_list
from toolchain.vocabulary.attached import AttachedDevice

BOARDS = list_boards()


def plug(monkeypatch: pytest.MonkeyPatch, ports: Mapping[str, tuple[int, int] | None]) -> None:
    """Pretend that these ports (path → USB ids) are there."""
    found = [
        SimpleNamespace(
            device=name,
            description="a port",
            vid=ids[0] if ids else None,
            pid=ids[1] if ids else None,
            serial_number="66AA" if ids else None,
        )
        for name, ids in ports.items()
    ]
    monkeypatch.setattr("toolchain.measure.attached_ports.list_ports.comports", lambda: found)


def by_path(devices: tuple[AttachedDevice, ...]) -> dict[str, AttachedDevice]:
    return {device.port.path: device for device in devices}


def test_boards_are_recognised_by_their_usb_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    plug(
        monkeypatch,
        {
            "/dev/ttyS0": None,
            "/dev/ttyACM0": (0x0483, 0x374B),
            "/dev/ttyACM1": (0x2341, 0x805A),
            "/dev/ttyACM2": (0x2341, 0x005A),
            "/dev/ttyUSB0": (0x10C4, 0xEA60),
            "/dev/ttyUSB1": (0xDEAD, 0xBEEF),
        },
    )
    found = by_path(attached_devices(BOARDS, ask=False))
    nucleos = {"nucleo_l4r5zi", "nucleo_f446re", "nucleo_h743zi", "nucleo_l476rg", "disco_f746ng"}
    assert set(found["/dev/ttyACM0"].boards) == nucleos
    assert found["/dev/ttyACM0"].role == "probe"
    assert found["/dev/ttyACM1"].boards == found["/dev/ttyACM2"].boards == ("nano33ble",)
    assert (found["/dev/ttyACM1"].role, found["/dev/ttyACM2"].role) == ("firmware", "bootloader")
    assert set(found["/dev/ttyUSB0"].boards) == {"esp32dev", "esp32-s3-devkitc-1", "esp32-c3-devkitm-1"}
    assert found["/dev/ttyUSB1"].boards == found["/dev/ttyS0"].boards == ()
    # Those on USB first.
    assert list(found)[-1] == "/dev/ttyS0"
    told = device_as_dict(found["/dev/ttyACM1"])
    assert (told["usb"], told["serial_number"], told["boards"]) == ("2341:805a", "66AA", ["nano33ble"])
    json.dumps([device_as_dict(device) for device in found.values()])


def test_a_boot_loader_and_a_stranger_are_not_written_to(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    loader, stranger = (Pty(tmp_path / name, FakeFirmware()) for name in ("loader", "stranger"))
    try:
        plug(monkeypatch, {str(loader.name): (0x2341, 0x005A), str(stranger.name): (0xDEAD, 0xBEEF)})
        found = by_path(attached_devices(BOARDS))
        assert "boot loader" in found[str(loader.name)].note
        assert "nothing was sent" in found[str(stranger.name)].note
        asked = by_path(attached_devices(BOARDS, ask_foreign=True))
        identity = asked[str(stranger.name)].identity
        assert identity is not None
        assert identity.board == "fake"
    finally:
        loader.end()
        stranger.end()


class Babbler:
    """A device that sends and sends, and listens to nothing."""

    def __init__(self, piece: bytes) -> None:
        self.master, slave = os.openpty()
        self.name = os.ttyname(slave)
        self._slave, self._piece, self._ended = slave, piece, threading.Event()
        os.set_blocking(self.master, False)
        self._thread = threading.Thread(target=self._babble, daemon=True)
        self._thread.start()

    def _babble(self) -> None:
        while not self._ended.wait(0.01):
            try:
                os.write(self.master, self._piece)
            except OSError:
                continue

    def end(self) -> None:
        self._ended.set()
        self._thread.join(2)
        os.close(self.master)
        os.close(self._slave)


@pytest.fixture(params=[b"\xff\x00garbage\r\n", b"c-sync token=7 *00000000\r\n", b"x" * 300])
def babbler(request: pytest.FixtureRequest) -> Iterator[Babbler]:
    device = Babbler(request.param)
    yield device
    device.end()


def test_whoever_is_there_the_waiting_is_bounded(babbler: Babbler, tmp_path: Path) -> None:
    """A firmware, a port that says nothing, one that says anything, and one that is not there, at once."""
    port = Pty(tmp_path / "board", FakeFirmware())
    master, slave = os.openpty()
    begun = time.monotonic()
    try:
        names = [str(port.name), os.ttyname(slave), babbler.name, str(tmp_path / "absent")]
        good, silent, babble, absent = ask_all([(name, 115_200, LineOptions()) for name in names], seconds=5)
    finally:
        took = time.monotonic() - begun
        port.end()
        os.close(master)
        os.close(slave)
    assert took < 10
    assert good.identity is not None
    assert good.identity.build_id == BUILD
    assert silent.identity is babble.identity is absent.identity is None
    assert "sent nothing within 3 s" in silent.reason
    assert babble.reason
    assert "There is no port" in absent.reason


def test_a_device_that_keeps_the_talk_going_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    let_go = threading.Event()
    monkeypatch.setattr("toolchain.measure.attached_ports._ask", lambda *_: let_go.wait(30))
    begun = time.monotonic()
    (asked,) = ask_all([("/dev/x", 115_200, LineOptions())], seconds=0.2)
    let_go.set()
    assert time.monotonic() - begun < 5
    assert "within 0 s" in asked.reason


def test_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    assert device_list(()) == ["This computer has no serial ports."]
    plug(monkeypatch, {"/dev/ttyACM1": (0x2E8A, 0x000F)})
    table, *notes = device_list(attached_devices(BOARDS, ask=False))
    assert notes == []
    assert list(table.columns[3].cells) == ["pico2"]  # type: ignore[union-attr]

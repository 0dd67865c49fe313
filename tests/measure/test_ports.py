"""Finding ports, sharing them with nobody, and ports that go away."""

from __future__ import annotations

import os
import random
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.measure.conftest import Build
from tests.measure.fake_firmware import FakeFirmware
from tests.measure.port_server import PortServer
from toolchain.errors import PortError
from toolchain.measure import Device, FakeDevice, LineOptions, Link
from toolchain.measure.ports import find_usb, open_link, path_of, present_ports, stable_name


@pytest.fixture
def listener() -> Iterator[str]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(2)
        yield f"socket://127.0.0.1:{server.getsockname()[1]}"


def plug(monkeypatch: pytest.MonkeyPatch, **ports: str | None) -> None:
    """Pretend that these ports (name → USB serial number) are there."""
    found = [SimpleNamespace(device=f"/dev/{name}", serial_number=number) for name, number in ports.items()]
    monkeypatch.setattr("toolchain.measure.ports.list_ports.comports", lambda: found)


def test_a_port_by_its_usb_serial_number(monkeypatch: pytest.MonkeyPatch) -> None:
    plug(monkeypatch, ttyACM0="0669FF50", ttyACM1="ABCD", ttyS0=None)
    assert find_usb("abcd") == "/dev/ttyACM1"
    assert present_ports() == ["/dev/ttyACM0", "/dev/ttyACM1", "/dev/ttyS0"]
    with pytest.raises(PortError, match="No port has the USB serial number 'XY'") as caught:
        find_usb("XY")
    assert "/dev/ttyACM0 (0669FF50)" in caught.value.next_action
    with pytest.raises(PortError, match="No port has the USB serial number ''"):
        find_usb("")  # not any port that has none


def test_a_serial_number_of_two_ports_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    plug(monkeypatch, ttyACM0="1", ttyACM1="1")
    with pytest.raises(PortError, match="belongs to 2 ports: /dev/ttyACM0, /dev/ttyACM1"):
        find_usb("1")


def test_a_port_is_named_by_its_number_where_that_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    plug(monkeypatch, ttyACM0="0669FF50", ttyACM1="twin", ttyACM2="twin", ttyS0=None)
    assert stable_name("/dev/ttyACM0") == "usb:0669FF50"
    assert [stable_name(f"/dev/{name}") for name in ("ttyACM1", "ttyS0", "ttyX")] == [
        "/dev/ttyACM1",
        "/dev/ttyS0",
        "/dev/ttyX",
    ]
    assert path_of("usb:0669ff50") == "/dev/ttyACM0"
    assert path_of("socket://host:1") == "socket://host:1"


def test_a_socket_has_no_dtr(listener: str) -> None:
    with pytest.raises(PortError, match="no DTR"):
        open_link(listener, 115_200, LineOptions(dtr=False))


def test_opening_by_usb_serial_number(monkeypatch: pytest.MonkeyPatch) -> None:
    master, slave = os.openpty()
    name = os.ttyname(slave)
    plug(monkeypatch)
    monkeypatch.setattr(
        "toolchain.measure.ports.list_ports.comports",
        lambda: [SimpleNamespace(device=name, serial_number="66AA")],
    )
    link = open_link("usb:66aa", 115_200, LineOptions(dtr=False, rts=False))
    try:
        os.write(master, b"m-ready\r\n")
        assert link.read_line(time.monotonic() + 2) == "m-ready"
    finally:
        link.close()
        os.close(slave)
        os.close(master)


def test_a_socket_is_locked_too(listener: str) -> None:
    first = open_link(listener, 115_200)
    try:
        with pytest.raises(PortError, match="in use by another program"):
            open_link(listener, 115_200)
    finally:
        first.close()
    open_link(listener, 115_200).close()


def test_a_socket_without_a_port() -> None:
    with pytest.raises(PortError, match="cannot be opened"):
        open_link("socket://127.0.0.1", 115_200)


class Pty:
    """A port whose other end is a firmware that can be unplugged, and plugged in under the same name."""

    def __init__(self, name: Path, firmware: FakeFirmware) -> None:
        self.name = name
        self.firmware = firmware
        self._guard = threading.Lock()
        self._ended = threading.Event()
        self.plug()
        self._thread = threading.Thread(target=self._carry, daemon=True)
        self._thread.start()

    def plug(self) -> None:
        with self._guard:
            self.master, self._slave = os.openpty()
            os.set_blocking(self.master, False)
            self.name.unlink(missing_ok=True)
            self.name.symlink_to(os.ttyname(self._slave))

    def unplug(self) -> None:
        with self._guard:
            self.name.unlink()
            os.close(self._slave)
            os.close(self.master)
            self.master = -1

    def _carry(self) -> None:
        while not self._ended.wait(0.001):
            with self._guard:
                if self.master < 0:
                    continue
                try:
                    self.firmware.write(os.read(self.master, 4096))
                except OSError:
                    continue
                os.write(self.master, self.firmware.read(65_536))

    def end(self) -> None:
        self._ended.set()
        self._thread.join(5)
        if self.master >= 0:
            self.unplug()


def test_a_board_unplugged_and_back_is_waited_for(tmp_path: Path) -> None:
    port = Pty(tmp_path / "board", FakeFirmware())
    data = bytes(range(20))
    try:
        with Device.open(str(port.name), 115_200, options=LineOptions(reconnect_seconds=10)) as device:
            device.wait_until_ready(5)
            assert device.infer(data).output == bytes(range(1, 21))
            port.unplug()
            again = threading.Timer(0.7, port.plug)
            again.start()
            assert device.infer(data[::-1]).output == bytes(range(1, 21))[::-1]
            again.join()
    finally:
        port.end()


def test_a_board_that_comes_back_under_another_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Re-enumeration: the USB serial number is the same, the path is not."""
    port = Pty(tmp_path / "ttyACM0", FakeFirmware())

    def comports() -> list[SimpleNamespace]:
        there = [path for path in tmp_path.iterdir() if path.exists()]
        return [SimpleNamespace(device=str(path), serial_number="66AA") for path in there]

    monkeypatch.setattr("toolchain.measure.ports.list_ports.comports", comports)

    def plug_elsewhere() -> None:
        port.name = tmp_path / "ttyACM1"
        port.plug()

    try:
        with Device.open("usb:66AA", 115_200, options=LineOptions(reconnect_seconds=10)) as device:
            device.wait_until_ready(5)
            for turn in range(3):
                data = bytes(range(turn, turn + 20))
                assert device.infer(data).output == bytes(range(turn + 1, turn + 21))
            port.unplug()
            again = threading.Timer(0.5, plug_elsewhere)
            again.start()
            assert device.infer(data).output == bytes(range(turn + 1, turn + 21))
            again.join()
            assert path_of("usb:66AA") == str(tmp_path / "ttyACM1")
    finally:
        port.end()


def test_a_board_unplugged_again_and_again_amid_its_answers(tmp_path: Path) -> None:
    port = Pty(tmp_path / "board", FakeFirmware())
    ended = threading.Event()
    chance = random.Random(5)

    def pull() -> None:
        for _ in range(6):
            ended.wait(0.05 + chance.random() * 0.2)
            port.unplug()
            ended.wait(chance.random() * 0.3)
            port.plug()

    hand = threading.Thread(target=pull)
    try:
        with Device.open(str(port.name), 115_200, options=LineOptions(reconnect_seconds=10)) as device:
            device.wait_until_ready(5)
            hand.start()
            done = 0
            while hand.is_alive() or done < 40:
                data = bytes((done + index) % 256 for index in range(20))
                assert device.infer(data).output == bytes((byte + 1) % 256 for byte in data)
                done += 1
            assert device.retries > 0
    finally:
        ended.set()
        hand.join(10)
        port.end()


def test_a_port_that_is_not_there_yet(tmp_path: Path) -> None:
    """A board that was just flashed enumerates a moment later."""
    name = tmp_path / "board"
    later = threading.Timer(0.5, lambda: ports.append(Pty(name, FakeFirmware())))
    ports: list[Pty] = []
    with pytest.raises(PortError, match="cannot be opened"):
        open_link(str(name), 115_200)
    later.start()
    try:
        with Device.open(str(name), 115_200, options=LineOptions(appear_seconds=10)) as device:
            device.wait_until_ready(5)
            assert device.identify().board == "fake"
    finally:
        later.join()
        for port in ports:
            port.end()


class SocketBoard:
    """A socket whose board goes away, taking the connection with it, and comes back on the same port."""

    def __init__(self, firmware: FakeFirmware) -> None:
        self._firmware = firmware
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"socket://127.0.0.1:{self._server.getsockname()[1]}"
        self._ended = threading.Event()
        self._hang_up = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def hang_up(self) -> None:
        self._hang_up.set()

    def _serve(self) -> None:
        self._server.settimeout(0.05)
        while not self._ended.is_set():
            try:
                line = self._server.accept()[0]
            except TimeoutError:
                continue
            with line:
                line.settimeout(0.002)
                self._hang_up.clear()
                while not (self._ended.is_set() or self._hang_up.is_set()):
                    try:
                        said = line.recv(4096)
                    except TimeoutError:
                        said = None
                    except OSError:
                        break
                    if said == b"":
                        break
                    self._firmware.write(said or b"")
                    line.sendall(self._firmware.read(65_536))

    def end(self) -> None:
        self._ended.set()
        self._thread.join(5)
        self._server.close()


def test_a_socket_that_hangs_up_and_listens_again() -> None:
    board = SocketBoard(FakeFirmware())
    try:
        with Device.open(board.url, 115_200, options=LineOptions(reconnect_seconds=10)) as device:
            device.wait_until_ready(5)
            for turn in range(12):
                if turn % 4 == 2:
                    board.hang_up()
                data = bytes(range(turn, turn + 20))
                assert device.infer(data).output == bytes(range(turn + 1, turn + 21))
            assert device.retries > 0
    finally:
        board.end()


@pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")
def test_a_port_server_of_rfc_2217(tmp_path: Path) -> None:
    """A real port behind a network: pyserial's own server half speaks to its client half."""
    port = Pty(tmp_path / "board", FakeFirmware())
    server = PortServer(str(port.name))
    try:
        with Device.open(server.url, 57_600, options=LineOptions(dtr=False)) as device:
            device.wait_until_ready(10)
            data = bytes(range(20))
            assert device.infer(data).output == bytes(range(1, 21))
            assert server.line == (57_600, False)
    finally:
        server.end()
        port.end()


def test_a_board_that_does_not_come_back(tmp_path: Path) -> None:
    port = Pty(tmp_path / "board", FakeFirmware())
    try:
        with Device.open(str(port.name), 115_200, options=LineOptions(reconnect_seconds=0.5)) as device:
            device.wait_until_ready(5)
            port.unplug()
            begun = time.monotonic()
            with pytest.raises(PortError, match="did not come back within"):
                device.identify()
            assert time.monotonic() - begun < 5
    finally:
        port.end()


def test_a_board_by_its_identity(tmp_path: Path, listener: str) -> None:
    """One port answers as the board that is wanted; another is silent, a third is not there."""
    port = Pty(tmp_path / "board", FakeFirmware())
    silent = FakeFirmware(silent=True)
    other = Pty(tmp_path / "other", silent)
    ports = [str(other.name), str(tmp_path / "none"), str(port.name)]
    try:
        assert Device.find(115_200, board="fake", ports=ports) == str(port.name)
        with pytest.raises(PortError, match="No ports answer as board nucleo") as caught:
            Device.find(115_200, board="nucleo", ports=ports)
        assert f"{port.name}: board fake" in caught.value.problem
        assert "sent nothing" in caught.value.problem
    finally:
        port.end()
        other.end()


def test_the_real_firmware_by_its_build(host_firmware: Build) -> None:
    """Everything `find` reads of a device comes from the real firmware as well."""
    firmware = host_firmware()
    with FakeDevice(firmware.elf) as fake:
        device = Device(Link(fake, "fake"))
        device.wait_until_ready(5)
        identity = device.identify()
        assert (identity.board, identity.build_id) == ("host", firmware.build_id)

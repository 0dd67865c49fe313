"""A device for tests that need no board: the real firmware on this computer, behind a line with faults.

    with FakeDevice(elf, Faults(to_host=Damage.of(0.01))) as fake:
        device = Device(Link(fake, "fake"))

`elf` is what the board `host` built of a project (`.pio/build/host/firmware.elf`).
"""

from __future__ import annotations

import contextlib
import random
import re
import select
import socket
import tempfile
import time
import zlib
from pathlib import Path
from types import TracebackType
from typing import Self

from toolchain import process
from toolchain.errors import DeviceError
from toolchain.measure.faults import DamagingChannel, Faults

START_SECONDS = 10.0
POLL_SECONDS = 0.004
_BUILD_LINE = re.compile(rb"c-build id=[0-9a-f]+ \*[0-9A-F]{8}")


class FakeDevice:
    """A Stream (see Link) to firmware compiled for this computer, started here and ended by `close`.

    Raises:
        DeviceError: the firmware does not start.
    """

    def __init__(
        self, elf: Path, faults: Faults | None = None, *, poll_seconds: float = POLL_SECONDS
    ) -> None:
        self.faults = faults or Faults()
        self.starts = 0
        """How often the firmware was started."""
        self.passed_bytes = 0
        """Bytes that went over the line so far, both directions, before any damage."""
        self._elf = elf
        self._poll_seconds = poll_seconds
        self._chance = random.Random(self.faults.seed)
        self._to_device = DamagingChannel(self.faults.to_device, random.Random(self._chance.random()))
        self._to_host = DamagingChannel(self.faults.to_host, random.Random(self._chance.random()))
        self._resets = list(self.faults.resets)
        self._line = bytearray()
        self._received = bytearray()
        self._listens_at = 0.0
        self._program: process.RunningProgram | None = None
        self._socket: socket.socket | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="chipcast-fake-")
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # The Stream

    @property
    def in_waiting(self) -> int:
        """As many bytes as one `read` takes at most: it returns with what is there."""
        return 4096

    def read(self, size: int = 1, /) -> bytes:
        """Up to `size` bytes of what the device said, at the latest after `poll_seconds`."""
        deadline = time.monotonic() + self._poll_seconds
        while True:
            self._move()
            if self._received or time.monotonic() >= deadline:
                data = bytes(self._received[:size])
                del self._received[:size]
                return data
            if self._socket is not None:
                select.select([self._socket], [], [], 0.001)

    def write(self, data: bytes, /) -> int:
        """Send `data` on its way to the device."""
        for start in range(0, len(data), 64):
            piece = data[start : start + 64]
            before = self._until_reset(len(piece))
            self._to_device.put(piece[:before])
            self._move()
            if before < len(piece):
                self.reset()
        return len(data)

    def close(self) -> None:
        """End the firmware."""
        self._stop()
        self._folder.cleanup()

    # What else can happen to a device

    def reset(self) -> None:
        """Cut its power and give it back: whatever it held, and was under way, is gone."""
        self._stop()
        self._start()

    # Inside

    def _start(self) -> None:
        port_file = Path(self._folder.name) / f"port-{self.starts}"
        # What it would wait for before its first word is there: it need not wait.
        environment = {"CHIPCAST_PORT_FILE": str(port_file), "CHIPCAST_GO_FILE": self._folder.name}
        if self.faults.stuck_timer:
            environment["CHIPCAST_TIMER"] = "stuck"
        self._program = process.start([self._elf], env=environment)
        self.starts += 1
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and not self._program.has_ended:
            with contextlib.suppress(OSError):
                text = port_file.read_text()
                if text.endswith("\n"):
                    self._socket = socket.create_connection(("127.0.0.1", int(text)), timeout=START_SECONDS)
                    self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self._listens_at = time.monotonic() + self.faults.banner_seconds
                    return
            time.sleep(0.001)
        raise DeviceError(
            f"The firmware {self._elf} did not start on this computer.",
            "Give the file that the board `host` built: PROJECT/.pio/build/host/firmware.elf.",
        )

    def _stop(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._program is not None:
            self._program.end()
            self._program = None
        self._to_device.clear()
        # The line it was amid breaks off.
        self._say(bytes(self._line))
        self._line.clear()

    def _until_reset(self, count: int) -> int:
        """How many of the next `count` bytes pass before the next reset, which is then taken off the list."""
        if not self._resets or self.passed_bytes + count < self._resets[0]:
            self.passed_bytes += count
            return count
        before = max(0, self._resets.pop(0) - self.passed_bytes - 1)
        self.passed_bytes += count
        return before

    def _move(self) -> None:
        """What is due, in both directions."""
        if self._socket is None or time.monotonic() < self._listens_at:
            # A device that has not started yet hears nothing.
            self._to_device.clear()
            return
        try:
            self._exchange(self._socket)
        except ConnectionError:
            self._has_faulted()
        self._received += self._to_host.take()

    def _exchange(self, line: socket.socket) -> None:
        """Pass on what is due in both directions; ConnectionError where the firmware is gone."""
        data = self._to_device.take()
        if data:
            line.sendall(data)
        while select.select([line], [], [], 0)[0]:
            said = line.recv(4096)
            if not said:
                raise ConnectionResetError
            before = self._until_reset(len(said))
            self._take_lines(said[:before])
            if before < len(said):
                self.reset()
                return

    def _has_faulted(self) -> None:
        """The firmware ended by itself: as a board does, it tells of the fault and restarts."""
        self._stop()
        self._say(b"\r\ne-fault pc=unknown status=unknown\r\n")
        self._start()

    def _take_lines(self, said: bytes) -> None:
        """Whole lines, some of them truncated, or with another build's id, go on to the host."""
        self._line += said
        while (end := self._line.find(b"\n")) >= 0:
            line = bytes(self._line[: end + 1])
            del self._line[: end + 1]
            if self.faults.build_id is not None and _BUILD_LINE.match(line):
                body = f"c-build id={self.faults.build_id}".encode()
                line = b"%s *%08X\r\n" % (body, zlib.crc32(body))
            if self._chance.random() < self.faults.truncated_lines:
                line = line[: self._chance.randrange(len(line))]
            self._say(line)

    def _say(self, data: bytes) -> None:
        if data:
            self._to_host.put(data)

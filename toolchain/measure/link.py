"""One line to a device: bytes in and out, every wait bounded, foreign errors mapped here once."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Protocol

import serial

from toolchain.errors import PortError
from toolchain.measure.protocol import LINE_BYTES_MAX, ReconnectedError

REOPEN_PAUSE_SECONDS = 0.2
# 8N1: a start bit, eight data bits, a stop bit.
BITS_PER_BYTE = 10


class Stream(Protocol):
    """Anything with read and write: a pyserial port, or what a test puts in its place.

    `read(size)` returns up to `size` bytes, at the latest after a short time-out (b"" then);
    `write` takes all bytes or raises.
    """

    def read(self, size: int = 1, /) -> bytes:
        """Up to `size` bytes."""
        ...

    def write(self, data: bytes, /) -> int | None:
        """Send all of `data`."""
        ...

    def close(self) -> None:
        """Release the port."""
        ...


class Link:
    """Lines over a Stream.

    With `reopen`, a port that vanishes (unplugged, re-enumerated) is opened again for up to
    `reconnect_seconds`, and ReconnectedError tells whoever was reading or writing.
    """

    def __init__(
        self,
        stream: Stream,
        name: str,
        *,
        baud: int | None = None,
        reopen: Callable[[], Stream] | None = None,
        reconnect_seconds: float = 0.0,
    ) -> None:
        self._stream = stream
        self.name = name
        self._baud = baud
        self._reopen = reopen
        self._reconnect_seconds = reconnect_seconds
        self._pending = bytearray()
        self.seen = ""
        """The last lines received, for messages about failures."""
        self.received_bytes = 0
        self.garbled_bytes = 0
        """Bytes received that no text has: control characters, and everything above 126."""

    @property
    def byte_seconds(self) -> float:
        """How long one byte takes on the line; 0 where there is no baud rate."""
        return BITS_PER_BYTE / self._baud if self._baud else 0.0

    @property
    def baud_text(self) -> str:
        """The baud rate, for messages."""
        return f" than {self._baud}" if self._baud else ""

    def close(self) -> None:
        """Release the port; errors of a port that is gone already are of no interest."""
        with contextlib.suppress(OSError, serial.SerialException):
            self._stream.close()

    def write(self, data: bytes) -> None:
        """Send `data`.

        Raises:
            PortError: the port is gone or takes nothing.
            ReconnectedError: it was gone, and is there again.
        """
        try:
            self._stream.write(data)
        except (OSError, serial.SerialException, TypeError) as exc:
            raise self._lost(exc) from exc

    def read_line(self, deadline: float) -> str | None:
        r"""The next line without its line end; None when `deadline` (time.monotonic) passes first.

        Bytes that are no ASCII become U+FFFD.  A line longer than any the device sends is cut, so
        that a device gone mad cannot fill the memory.

        Raises:
            as `write`.
        """
        while True:
            line = self._pending_line()
            if line is not None:
                return line
            if time.monotonic() >= deadline:
                return None
            self._receive()

    def read_line_while_alive(self, silence: float, deadline: float) -> str | None:
        """As `read_line`, but None as soon as not a byte has come for `silence` seconds."""
        quiet_since = time.monotonic()
        while True:
            line = self._pending_line()
            if line is not None:
                return line
            now = time.monotonic()
            if now >= deadline or now - quiet_since >= silence:
                return None
            if self._receive():
                quiet_since = time.monotonic()

    def _pending_line(self) -> str | None:
        end = self._pending.find(b"\n")
        if end < 0 and len(self._pending) <= LINE_BYTES_MAX:
            return None
        cut = min(end, LINE_BYTES_MAX) if end >= 0 else LINE_BYTES_MAX
        raw = bytes(self._pending[:cut])
        del self._pending[: cut + 1]
        line = raw.strip(b"\r").decode("ascii", "replace")
        self.seen = (self.seen + line + "\n")[-400:]
        return line

    def _receive(self) -> int:
        try:
            waiting = getattr(self._stream, "in_waiting", 1)
            data = self._stream.read(max(1, int(waiting)))
        except (OSError, serial.SerialException, TypeError) as exc:
            # pyserial lets a TypeError out when its file descriptor is closed under a read.
            raise self._lost(exc) from exc
        self._pending += data
        self.received_bytes += len(data)
        self.garbled_bytes += sum(1 for byte in data if byte > 126 or (byte < 32 and byte not in b"\r\n\t"))
        return len(data)

    def _lost(self, exc: Exception) -> PortError | ReconnectedError:
        """The port opened again, or the error that says that it is gone."""
        deadline = time.monotonic() + self._reconnect_seconds
        self.close()
        self._pending.clear()
        while self._reopen is not None and time.monotonic() < deadline:
            try:
                self._stream = self._reopen()
            except PortError:
                time.sleep(REOPEN_PAUSE_SECONDS)
            else:
                return ReconnectedError(f"{self.name} vanished ({exc}) and is there again")
        waited = f", and did not come back within {self._reconnect_seconds:.0f} s" if self._reopen else ""
        return PortError(
            f"The port {self.name} vanished while it was in use ({exc}){waited}.",
            "Check the cable and the board's power, then run again.",
        )

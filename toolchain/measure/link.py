"""One line to a device: bytes in and out, every wait bounded, foreign errors mapped here once."""

from __future__ import annotations

import contextlib
import errno
import time
from typing import Protocol

import serial
from serial.tools import list_ports

from toolchain.errors import PortError
from toolchain.measure.protocol import LINE_BYTES_MAX

POLL_SECONDS = 0.05


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
    """Lines over a Stream."""

    def __init__(self, stream: Stream, name: str) -> None:
        self._stream = stream
        self.name = name
        self._pending = bytearray()
        self.seen = ""
        """The last lines received, for messages about failures."""

    def close(self) -> None:
        """Release the port; errors of a port that is gone already are of no interest."""
        with contextlib.suppress(OSError, serial.SerialException):
            self._stream.close()

    def write(self, data: bytes) -> None:
        """Send `data`.  Raises PortError when the port is gone or takes nothing."""
        try:
            self._stream.write(data)
        except (OSError, serial.SerialException) as exc:
            raise self._lost(exc) from exc

    def read_line(self, deadline: float) -> str | None:
        r"""The next line without its line end; None when `deadline` (time.monotonic) passes first.

        Bytes that are no ASCII become U+FFFD.  A line longer than any the device sends is cut, so
        that a device gone mad cannot fill the memory.
        """
        while True:
            end = self._pending.find(b"\n")
            if end >= 0 or len(self._pending) > LINE_BYTES_MAX:
                cut = end if end >= 0 else LINE_BYTES_MAX
                raw = bytes(self._pending[:cut])
                del self._pending[: cut + 1]
                line = raw.strip(b"\r").decode("ascii", "replace")
                self.seen = (self.seen + line + "\n")[-400:]
                return line
            if time.monotonic() >= deadline:
                return None
            self._pending += self._read_some()

    def _read_some(self) -> bytes:
        try:
            waiting = getattr(self._stream, "in_waiting", 1)
            return self._stream.read(max(1, int(waiting)))
        except (OSError, serial.SerialException, TypeError) as exc:
            # pyserial lets a TypeError out when its file descriptor is closed under a read.
            raise self._lost(exc) from exc

    def _lost(self, exc: Exception) -> PortError:
        return PortError(
            f"The port {self.name} vanished while it was in use ({exc}).",
            "Check the cable and the board's power, then run again.",
        )


def open_link(url: str, baud: int) -> Link:
    """Open `url` (a device path, socket://, rfc2217:// …) at `baud`, for this process alone.

    Raises:
        PortError: no such port (those there are, are named), busy, no permission, no answer.
    """
    try:
        port = serial.serial_for_url(url, do_not_open=True, timeout=POLL_SECONDS, write_timeout=10)
        port.baudrate = baud
        if isinstance(port, serial.Serial):
            port.exclusive = True
        port.open()
    except (ValueError, OSError, serial.SerialException) as exc:
        raise _open_error(url, exc) from exc
    return Link(port, url)


def _open_error(url: str, exc: Exception) -> PortError:
    number = getattr(exc, "errno", None)
    text = str(exc)
    if number in (errno.EBUSY, errno.EAGAIN) or "exclusively lock" in text:
        return PortError(f"The port {url} is in use by another program.", "Close it, then run again.")
    if number == errno.EACCES or "Permission denied" in text:
        return PortError(
            f"No permission to open the port {url}.",
            "Add yourself to the group that owns it (`sudo usermod -aG dialout $USER`), then log in again.",
        )
    there = ", ".join(sorted(port.device for port in list_ports.comports())) or "none"
    return PortError(f"The port {url} cannot be opened: {text}.", f"Ports on this computer: {there}.")

"""Finding a port and opening it for this process alone.

A port is named by its path or URL (`/dev/ttyACM0`, `COM7`, `socket://host:port`, `rfc2217://…`), or by what
is plugged in: `usb:SERIALNUMBER`.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import socket
import tempfile
import time
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import serial
from serial.tools import list_ports

from toolchain.errors import PortError
from toolchain.measure.link import REOPEN_PAUSE_SECONDS, Link, Stream

# Silence is told this much late at most.
POLL_SECONDS = 0.01
WRITE_SECONDS = 10
USB_PREFIX = "usb:"
SOCKET_PREFIX = "socket://"
SOCKET_BYTES = 4096
CONNECT_SECONDS = 5


@dataclass(frozen=True, slots=True)
class LineOptions:
    """How a port is opened.

    `dtr` and `rts`: levels that the lines are set to before the port opens (None: the driver's own way).
    Many boards reset when DTR or RTS goes active; False keeps them running.  `reconnect_seconds`: how
    long to wait for a port that vanished (0: not at all).  `appear_seconds`: how long to try to open one
    in the first place, as a board that was just flashed enumerates anew, its port's permissions come a
    moment after it, and a modem manager may have a look at it first.
    """

    dtr: bool | None = None
    rts: bool | None = None
    reconnect_seconds: float = 0.0
    appear_seconds: float = 0.0


def open_link(url: str, baud: int, options: LineOptions | None = None) -> Link:
    """Open the port `url` at `baud`, for this process alone.

    Raises:
        PortError: no such port (those there are, are named), busy, no permission, no answer.
    """
    options = options or LineOptions()

    def reopen() -> Stream:
        return _open(url, baud, options)

    return Link(
        _appeared(reopen, options.appear_seconds),
        url,
        baud=None if "://" in url else baud,
        reopen=reopen if options.reconnect_seconds > 0 else None,
        reconnect_seconds=options.reconnect_seconds,
    )


def _appeared(opened: Callable[[], Stream], seconds: float) -> Stream:
    """What `opened` returns, tried for `seconds`, once at least; then its PortError."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return opened()
        except PortError:
            if time.monotonic() >= deadline:
                raise
        time.sleep(REOPEN_PAUSE_SECONDS)


def path_of(port: str) -> str:
    """The path or URL that `port` stands for: itself, but for `usb:SERIALNUMBER`.

    Raises:
        PortError: no port has that number, or several have.
    """
    return find_usb(port.removeprefix(USB_PREFIX)) if port.startswith(USB_PREFIX) else port


def stable_name(path: str) -> str:
    """`usb:SERIALNUMBER` for a port that has one to itself, else `path`: numbers outlive enumeration."""
    number = usb_number(path)
    return path if number is None else f"{USB_PREFIX}{number}"


def usb_number(path: str) -> str | None:
    """The USB serial number of the port at `path`; None where it has none, or not to itself."""
    ports = list_ports.comports()
    number = next((port.serial_number for port in ports if port.device == path), None)
    alone = [port.serial_number for port in ports].count(number) == 1
    return str(number) if number and alone else None


def find_usb(serial_number: str) -> str:
    """The path of the port whose USB serial number is this one.

    Raises:
        PortError: none has it, or several have.
    """
    ports = list_ports.comports()
    wanted = serial_number.lower()
    found = sorted(port.device for port in ports if wanted and (port.serial_number or "").lower() == wanted)
    if len(found) == 1:
        return str(found[0])
    there = ", ".join(sorted(f"{p.device} ({p.serial_number})" for p in ports if p.serial_number)) or "none"
    if found:
        raise PortError(
            f"The USB serial number {serial_number!r} belongs to {len(found)} ports: {', '.join(found)}.",
            "Name one of them with --port.",
        )
    raise PortError(
        f"No port has the USB serial number {serial_number!r}.",
        f"Plug the board in; ports with a serial number now: {there}.",
    )


def present_ports() -> list[str]:
    """The paths of all serial ports of this computer, those with a USB serial number first."""
    ports = sorted(list_ports.comports(), key=lambda port: (not port.serial_number, port.device))
    return [str(port.device) for port in ports]


def _open(url: str, baud: int, options: LineOptions) -> Stream:
    path = path_of(url)
    if path.startswith(SOCKET_PREFIX) and (options.dtr, options.rts) != (None, None):
        raise PortError(f"{path} is a socket, which has no DTR and no RTS.", "Leave these options out.")
    lock = _lock(path)
    try:
        if path.startswith(SOCKET_PREFIX):
            return _Locked(SocketStream.connect(path), lock)
        port = serial.serial_for_url(path, do_not_open=True, timeout=POLL_SECONDS)
        port.baudrate = baud
        if options.dtr is not None:
            port.dtr = options.dtr
        if options.rts is not None:
            port.rts = options.rts
        if isinstance(port, serial.Serial):
            # A port server's line takes neither: its socket bounds what is written.
            port.exclusive = True
            port.write_timeout = WRITE_SECONDS
        port.open()
    except (ValueError, OSError, serial.SerialException) as exc:
        lock.close()
        raise _open_error(path, exc) from exc
    except BaseException:
        lock.close()
        raise
    return _Locked(port, lock)


class SocketStream:
    """A TCP connection.  pyserial's own takes the bytes one by one, some ten microseconds each."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @classmethod
    def connect(cls, url: str) -> SocketStream:
        """Connect to socket://HOST:PORT.  OSError or ValueError where that is not possible."""
        parts = urllib.parse.urlsplit(url)
        if not parts.hostname or not parts.port:
            raise ValueError("socket:// wants a host and a port")
        return cls(socket.create_connection((parts.hostname, parts.port), timeout=CONNECT_SECONDS))

    @property
    def in_waiting(self) -> int:
        """As many bytes as one `read` takes at most: it returns with what is there."""
        return SOCKET_BYTES

    def read(self, size: int = 1, /) -> bytes:
        """See Stream."""
        self._socket.settimeout(POLL_SECONDS)
        try:
            data = self._socket.recv(size)
        except TimeoutError:
            return b""
        if not data:
            raise OSError(errno.EPIPE, "the other end closed the connection")
        return data

    def write(self, data: bytes, /) -> int | None:
        """See Stream."""
        self._socket.settimeout(WRITE_SECONDS)
        self._socket.sendall(data)
        return len(data)

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()


class _Locked:
    """A port and the lock that goes with it."""

    def __init__(self, port: serial.SerialBase | SocketStream, lock: BinaryIO) -> None:
        self._port = port
        self._lock = lock

    @property
    def in_waiting(self) -> int:
        """Bytes that `read` would return at once."""
        return int(getattr(self._port, "in_waiting", 1))

    def read(self, size: int = 1, /) -> bytes:
        """See Stream."""
        return bytes(self._port.read(size))

    def write(self, data: bytes, /) -> int | None:
        """See Stream."""
        return self._port.write(data)

    def close(self) -> None:
        """Release port and lock, the lock in every case."""
        try:
            self._port.close()
        finally:
            self._lock.close()


def _lock(url: str) -> BinaryIO:
    """A lock on the name of the port, held until it is closed or the process ends.

    Beside the driver's own lock on a serial port: a socket has none, and a second client of a simulated
    board would wait for ever.
    """
    name = os.path.realpath(url) if "://" not in url else url
    folder = Path(tempfile.gettempdir()) / f"chipcast-ports-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    file = (folder / hashlib.sha256(name.encode()).hexdigest()[:32]).open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as exc:
        file.close()
        raise _busy(url) from exc
    return file


def _busy(url: str) -> PortError:
    return PortError(f"The port {url} is in use by another program.", "Close it, then run again.")


def _open_error(url: str, exc: Exception) -> PortError:
    number = getattr(exc, "errno", None)
    text = str(exc)
    if number in (errno.EBUSY, errno.EAGAIN) or "exclusively lock" in text:
        return _busy(url)
    if number == errno.EACCES or "Permission denied" in text:
        return PortError(
            f"No permission to open the port {url}.",
            "Add yourself to the group that owns it (`sudo usermod -aG dialout $USER`), then log in again.",
        )
    there = ", ".join(sorted(port.device for port in list_ports.comports())) or "none"
    if number == errno.ENOENT:
        return PortError(f"There is no port {url}; it cannot be opened.", f"Ports on this computer: {there}.")
    return PortError(f"The port {url} cannot be opened: {text}.", f"Ports on this computer: {there}.")

"""A pseudo-terminal that stands for a socket: what opens serial ports only can open a simulated board."""

from __future__ import annotations

import contextlib
import errno
import os
import pty
import select
import socket
import time
import tty
from collections.abc import Callable
from urllib.parse import urlsplit

from toolchain.errors import FlashError

CONNECT_SECONDS = 10.0
# What may wait in each direction; beyond that the sender is not read, as with hardware flow control.
PENDING_BYTES_MAX = 65_536
READ_BYTES = 4096
# How long a client may take to be seen after it has opened the port; nothing is lost meanwhile.
LOOK_SECONDS = 0.05


class PtyBridge:
    """Carries bytes between the socket at `url` (socket://HOST:PORT) and a new pseudo-terminal in raw mode.

    `port` is what a serial program opens, again and again if it likes.  What the board says while nobody
    has it open is dropped, as on a cable.

    Raises:
        FlashError: the socket does not answer, or there are no pseudo-terminals.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        with contextlib.ExitStack() as opened:
            try:
                self._socket = opened.enter_context(
                    socket.create_connection((parts.hostname, parts.port), timeout=CONNECT_SECONDS)
                )
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._socket.setblocking(False)
                self._master, client = pty.openpty()
            except OSError as exc:
                raise FlashError(
                    f"The simulated board's line {url} cannot be bridged: {exc.strerror or exc}.",
                    "Run without --pty, and open the socket itself.",
                ) from exc
            opened.pop_all()
        self.port = os.ttyname(client)
        # Raw, or the line discipline would echo the board's words back to it and change line ends.
        tty.setraw(client)
        os.set_blocking(self._master, False)
        # Closed, so that the pseudo-terminal tells whether somebody has it open; it stays raw.
        os.close(client)
        self._to_board = bytearray()
        self._to_client = bytearray()

    def close(self) -> None:
        """Release both ends."""
        self._socket.close()
        os.close(self._master)

    def run(self, goes_on: Callable[[], bool], look_seconds: float) -> None:
        """Carry bytes until `goes_on`, asked every `look_seconds`, says no, or the board hangs up."""
        look = time.monotonic() + look_seconds
        while True:
            if time.monotonic() >= look:
                if not goes_on():
                    return
                look = time.monotonic() + look_seconds
            if not self._carry():
                return

    def _carry(self) -> bool:
        """One round of both directions, at most LOOK_SECONDS long; False when the board has hung up."""
        someone = self._is_open()
        board = self._socket.fileno()
        readable = [board] if len(self._to_client) < PENDING_BYTES_MAX else []
        masters = [self._master] if someone else []
        ready, writable, _ = select.select(
            [*readable, *(masters if len(self._to_board) < PENDING_BYTES_MAX else [])],
            [*([board] if self._to_board else []), *(masters if self._to_client else [])],
            [],
            LOOK_SECONDS,
        )
        # Without a client, too: one that wrote and closed at once has left its words.
        if self._master in ready or not someone:
            self._to_board += self._from_client()
        if board in ready:
            received = self._from_board()
            if received == b"":
                return False
            self._to_client += received or b""
        if not self._is_open():
            self._to_client.clear()
        elif self._master in writable:
            self._to_client = self._to_client[self._write_client() :]
        if board in writable:
            with contextlib.suppress(BlockingIOError, BrokenPipeError, ConnectionResetError):
                self._to_board = self._to_board[self._socket.send(self._to_board) :]
        return True

    def _is_open(self) -> bool:
        """Whether somebody has the pseudo-terminal open."""
        poller = select.poll()
        poller.register(self._master, 0)
        return not any(event & select.POLLHUP for _, event in poller.poll(0))

    def _from_client(self) -> bytes:
        try:
            return os.read(self._master, READ_BYTES)
        except OSError as exc:
            # EIO: nobody has it open, and nothing is left to read.
            if exc.errno in {errno.EIO, errno.EAGAIN}:
                return b""
            raise

    def _from_board(self) -> bytes | None:
        """What arrived; b"" when the board has hung up, None when there was nothing after all."""
        try:
            return self._socket.recv(READ_BYTES)
        except BlockingIOError:
            return None
        except ConnectionResetError:
            return b""

    def _write_client(self) -> int:
        try:
            return os.write(self._master, self._to_client)
        except OSError as exc:
            if exc.errno in {errno.EIO, errno.EAGAIN}:
                return 0
            raise

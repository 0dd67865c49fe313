"""A serial port on the network, as RFC 2217 has it: what `rfc2217://` talks to."""

from __future__ import annotations

import socket
import threading
from typing import Any, cast

import serial
import serial.rfc2217


class _Connection:
    """What pyserial's PortManager writes to."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line

    def write(self, data: bytes) -> None:
        self._line.sendall(data)


class _Terminal(serial.Serial):
    """A pseudo-terminal has none of a modem's lines."""

    cts = dsr = ri = cd = property(lambda _self: False)

    def _update_dtr_state(self) -> None:
        pass

    def _update_rts_state(self) -> None:
        pass


class PortServer:
    """Serves the serial port at `path` to one client, until `end`."""

    def __init__(self, path: str) -> None:
        self._port = _Terminal(path, 9600, timeout=0)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"rfc2217://127.0.0.1:{self._server.getsockname()[1]}"
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def line(self) -> tuple[int, bool]:
        """The rate and the level of DTR that the client set."""
        return int(self._port.baudrate), bool(self._port.dtr)

    def _serve(self) -> None:
        self._server.settimeout(10)
        with self._server.accept()[0] as line:
            connection: Any = _Connection(line)
            manager = serial.rfc2217.PortManager(cast(Any, self._port), connection)
            line.settimeout(0.002)
            while not self._ended.is_set():
                try:
                    said = line.recv(4096)
                except TimeoutError:
                    pass
                except OSError:
                    return
                else:
                    if not said:
                        return
                    self._port.write(b"".join(manager.filter(said)))
                data = self._port.read(4096)
                if data:
                    line.sendall(b"".join(manager.escape(data)))

    def end(self) -> None:
        self._ended.set()
        self._thread.join(5)
        self._server.close()
        self._port.close()

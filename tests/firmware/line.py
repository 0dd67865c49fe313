"""The host's end of the line, as plain as can be: what is sent and what comes back."""

from __future__ import annotations

import base64
import contextlib
import zlib
from collections.abc import Iterator

import serial

from toolchain.flash import FlashedBoard


class Line:
    def __init__(self, port: serial.SerialBase) -> None:
        self.port = port
        self.banner: list[str] = []

    @classmethod
    @contextlib.contextmanager
    def open(cls, board: FlashedBoard) -> Iterator[Line]:
        port = serial.serial_for_url(board.url, timeout=30)
        try:
            board.release()
            yield cls(port)
        finally:
            port.close()

    def answer(self) -> list[str]:
        """The lines up to m-ready, without it; every checked line's CRC is right."""
        lines: list[str] = []
        while True:
            raw = self.port.read_until(b"\r\n")
            assert raw.endswith(b"\r\n"), f"silence after {lines} {raw!r}"
            text = raw[:-2].decode("ascii")
            if text == "m-ready":
                return lines
            if text.startswith("c-"):
                body, _, crc = text.rpartition(" *")
                assert crc == f"{zlib.crc32(body.encode()):08X}", text
                text = body
            lines.append(text)

    def send(self, data: bytes) -> list[str]:
        self.port.write(data)
        return self.answer()

    def command(self, text: str) -> list[str]:
        return self.send(checked(text))

    def put(self, data: bytes, offset: int = 0) -> None:
        for start in range(0, len(data), 512):
            piece = data[start : start + 512]
            said = self.command(f"in {offset + start} {base64.b64encode(piece).decode()}")
            assert said == [f"c-in offset={offset + start} crc={zlib.crc32(piece):08X}"]

    def run(self) -> tuple[dict[str, str], bytes]:
        """The fields of c-run, and the output bytes."""
        first, *rest = self.command("run")
        result = fields(first, "c-run")
        output = b"".join(base64.b64decode(fields(said, "c-out")["data"]) for said in rest)
        assert len(output) == int(result["bytes"])
        assert result["output"] == f"{zlib.crc32(output):08X}"
        return result, output


def checked(text: str) -> bytes:
    return f"{text} *{zlib.crc32(text.encode()):08X}%".encode()


def fields(line: str, name: str) -> dict[str, str]:
    first, *rest = line.split(" ")
    assert first == name, line
    return dict(pair.split("=", 1) for pair in rest)

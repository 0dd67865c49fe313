"""A firmware of a few lines that speaks docs/protocol.md, on a line with faults to order.

It exists to inject faults; that the real firmware speaks the same is tested with the real one.
"""

from __future__ import annotations

import base64
import binascii
import random
import re
import zlib
from dataclasses import dataclass, field

from toolchain.measure.protocol import FRAME_MARK, crc_text

BUILD = "b" * 64
MODEL = "a" * 64


@dataclass
class FakeFirmware:
    """A Stream.  `damage` is the chance that a byte, either way, is flipped, lost or doubled."""

    input_bytes: int = 20
    chunk: int = 8
    build: str = BUILD
    protocol: str = "2"
    state: int = 0
    timer: str = "ok"
    align: str = "ok"
    model_status: str = ""
    arena: str = ""
    stack: str = "stack=120 reserve=4096"
    profile: bool = False
    ticks: int = 1000
    damage: float = 0.0
    silent: bool = False
    banner: bytes = b""
    vanish_after: int | None = None
    rng: random.Random = field(default_factory=lambda: random.Random(1))
    closed: bool = False

    def __post_init__(self) -> None:
        self._out = bytearray(self.banner)
        self._command = bytearray()
        self._input = bytearray(self.input_bytes)
        self._reads = 0
        self._steps = 0
        self._last: tuple[int, str, int] | None = None

    @property
    def runs(self) -> int:
        """Inferences since the last reset."""
        return self._steps

    # The Stream

    def read(self, size: int = 1) -> bytes:
        self._reads += 1
        if self.vanish_after is not None and self._reads > self.vanish_after:
            raise OSError(5, "Input/output error")
        piece = bytes(self._out[:size])
        del self._out[:size]
        return piece

    @property
    def in_waiting(self) -> int:
        return len(self._out)

    def write(self, data: bytes) -> int:
        for byte in self._damaged(data):
            if byte == ord("%"):
                command = bytes(self._command)
                if command[:1] == FRAME_MARK:
                    self._take_frame(command[1:])
                else:
                    self._obey(command.decode("latin-1").strip())
                self._command.clear()
            else:
                self._command.append(byte)
        return len(data)

    def close(self) -> None:
        self.closed = True

    # The faults

    def _damaged(self, data: bytes) -> bytes:
        if not self.damage:
            return data
        out = bytearray()
        for byte in data:
            if self.rng.random() >= self.damage:
                out.append(byte)
                continue
            fault = self.rng.randrange(3)
            if fault == 0:
                out.append(byte ^ (1 << self.rng.randrange(8)))
            elif fault == 1:
                out += bytes([byte, byte])
        return bytes(out)

    def _say(self, line: str) -> None:
        if not self.silent:
            self._out += self._damaged(f"{line}\r\n".encode())

    def _say_checked(self, body: str) -> None:
        self._say(f"{body} *{crc_text(body)}")

    # The commands

    def _obey(self, text: str) -> None:
        match = re.fullmatch(r"(.*) \*([0-9A-F]{8})", text, re.DOTALL)
        if match and f"{zlib.crc32(match[1].encode('latin-1')):08X}" != match[2]:
            self._say("e-crc")
        else:
            words = (match[1] if match else text).split(" ")
            handler = getattr(self, f"_do_{words[0]}", None) if words[0].isalpha() else None
            if handler is None or (words[0] == "in" and not match):
                self._say(f"e-[Unknown command: {words[0][:32]}]")
            else:
                try:
                    handler(*words[1:])
                except (TypeError, ValueError):
                    self._say("e-range")
        self._say("m-ready")

    def _do_sync(self, token: str = "0") -> None:
        self._say_checked(f"c-sync token={token}")

    def _do_id(self) -> None:
        self._say_checked(f"c-id protocol={self.protocol} engine=aot board=fake")
        self._say_checked(f"c-build id={self.build}")
        self._say_checked(f"c-model sha256={MODEL}{self.model_status}")
        self._say_checked(f"c-clock hz=1000000 resolution=1 status={self.timer}")
        self._say_checked(
            f"c-sizes input={self.input_bytes} output={self.input_bytes} arena=64 state={self.state} layers=2"
        )
        self._say_checked(f"c-line chunk={self.chunk} window=2048 profile={int(self.profile)} tensors=0")
        self._say_checked(f"c-align status={self.align}")

    def _do_in(self, offset: str, data: str) -> None:
        try:
            piece = base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError):
            self._say("e-base64")
            return
        self._put(int(offset), piece)

    def _take_frame(self, stuffed: bytes) -> None:
        content = bytearray()
        rest = bytes(byte ^ 0x25 for byte in stuffed)
        while rest:
            content += rest[1 : rest[0]]
            if rest[0] != 255 and len(rest) > rest[0]:
                content.append(0)
            rest = rest[max(rest[0], 1) :]
        if len(content) < 8 or zlib.crc32(content[:-4]).to_bytes(4, "little") != content[-4:]:
            self._say("e-crc")
        else:
            self._put(int.from_bytes(content[:4], "little"), bytes(content[4:-4]))
        self._say("m-ready")

    def _put(self, place: int, piece: bytes) -> None:
        if place + len(piece) > self.input_bytes or len(piece) > self.chunk:
            self._say("e-range")
            return
        self._input[place : place + len(piece)] = piece
        self._say_checked(f"c-in offset={place} crc={zlib.crc32(piece):08X}")

    def output(self) -> bytes:
        """The fake model adds one to every byte."""
        return bytes((byte + 1) % 256 for byte in self._input)

    def _do_steps(self) -> None:
        self._say_checked(f"c-steps done={self._steps}")

    def _do_run(self, step: str, wanted: str) -> None:
        if self.timer != "ok":
            self._say("e-timer")
            return
        has = f"{zlib.crc32(self._input):08X}"
        if self._last is None or self._last[:2] != (int(step), wanted):
            if int(step) != self._steps + 1:
                self._say("e-step")
                return
            if wanted != has:
                self._say("e-input")
                return
            self._steps += 1
            self._last = (self._steps, wanted, self.ticks)
        output = self.output()
        self._say_checked(
            f"c-run step={step} input={wanted} ticks={self.ticks} "
            f"output={zlib.crc32(output):08X} bytes={len(output)}"
        )
        self._say_pieces(output, 0, len(output))

    def _do_out(self, offset: str, count: str) -> None:
        self._say_pieces(self.output(), int(offset), int(count))

    def _say_pieces(self, output: bytes, start: int, count: int) -> None:
        for offset in range(start, start + count, 12):
            text = base64.b64encode(output[offset : min(offset + 12, start + count)]).decode()
            self._say_checked(f"c-out offset={offset} data={text}")

    def _do_layers(self) -> None:
        if not self.profile:
            self._say("e-unsupported")
            return
        for index, ticks in enumerate((600, 400)):
            self._say_checked(f"c-layer step={self._steps} index={index} ticks={ticks}")

    def _do_memory(self) -> None:
        self._say_checked(f"c-memory {self.stack} arena=64")

    def _do_arena(self) -> None:
        if self.arena:
            self._say_checked(f"c-arena {self.arena}")
        else:
            self._say("e-unsupported")

    def _do_reset(self) -> None:
        self._steps = 0
        self._last = None
        self._say_checked("c-reset")

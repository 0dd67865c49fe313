"""The words on the line: commands out, checked lines in.  Pure text, no port (see docs/protocol.md)."""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

READY = "m-ready"
LINE_BYTES_MAX = 4096
FRAME_MARK = b"\x01"
# A full group of COBS has no zero after it.
GROUP_BYTES = 254
_CHECKED = re.compile(r"^(?P<body>c-[a-z0-9-]+(?: [a-z][a-z0-9_]*=[^ ]*)*) \*(?P<crc>[0-9A-F]{8})$")


class DamagedLineError(Exception):
    """A line that is not what the device can have sent.  Stays inside this room: it means "ask again"."""


class ReconnectedError(DamagedLineError):
    """The port vanished and is open again: whatever was under way is lost."""


@dataclass(frozen=True, slots=True)
class CheckedLine:
    """A `c-` line whose CRC was right: its name without `c-`, and its fields."""

    name: str
    fields: Mapping[str, str]

    def text(self, key: str) -> str:
        """The field `key`; DamagedLineError where it is absent."""
        try:
            return self.fields[key]
        except KeyError:
            raise DamagedLineError(f"c-{self.name} has no {key}") from None

    def number(self, key: str) -> int:
        """The field `key` as an unsigned decimal; DamagedLineError where it is none."""
        value = self.text(key)
        if not (value.isascii() and value.isdigit() and len(value) <= 20):
            raise DamagedLineError(f"c-{self.name} {key}={value} is no number")
        return int(value)

    def numbers(self, key: str) -> dict[str, int]:
        """The field `key` as NAME:N,NAME:N; empty where it is absent, DamagedLineError where it is none."""
        if key not in self.fields:
            return {}
        pairs = [pair.partition(":") for pair in self.fields[key].split(",")]
        if not all(name and re.fullmatch(r"[0-9]{1,20}", value) for name, _, value in pairs):
            raise DamagedLineError(f"c-{self.name} {key}={self.fields[key]} has no numbers")
        return {name: int(value) for name, _, value in pairs}

    def crc(self, key: str) -> int:
        """The field `key` as eight hexadecimal digits; DamagedLineError where it is none."""
        value = self.text(key)
        if not re.fullmatch(r"[0-9A-F]{8}", value):
            raise DamagedLineError(f"c-{self.name} {key}={value} is no CRC")
        return int(value, 16)


def crc_text(text: str) -> str:
    """CRC-32 (zlib's) of ASCII `text` as the protocol writes it."""
    return f"{zlib.crc32(text.encode('ascii')):08X}"


def encode_command(text: str) -> bytes:
    """`text` with its CRC tail and the closing `%`, ready for the wire."""
    if "%" in text or not text.isascii():
        raise ValueError(f"not a command: {text!r}")
    return f"{text} *{crc_text(text)}%".encode("ascii")


def encode_frame(offset: int, data: bytes) -> bytes:
    """`data` for the input buffer at `offset` as a binary frame, with its mark and the closing `%`.

    The content is COBS (Cheshire & Baker 1997) with every byte XORed with `%`, so it holds no `%`.
    """
    content = offset.to_bytes(4, "little") + data
    content += zlib.crc32(content).to_bytes(4, "little")
    return FRAME_MARK + _stuffed(content) + b"%"


def _stuffed(content: bytes) -> bytes:
    """COBS with `%` in place of zero: groups of up to 254 bytes, each led by its length plus one."""
    out = bytearray()
    for run in content.split(b"\0"):
        rest = run
        while len(rest) >= GROUP_BYTES:
            out += b"\xff" + rest[:GROUP_BYTES]
            rest = rest[GROUP_BYTES:]
        out += bytes([len(rest) + 1]) + rest
    return bytes(byte ^ 0x25 for byte in out)


def parse_checked(line: str) -> CheckedLine:
    """A `c-` line without its line end.  Raises DamagedLineError where form or CRC is wrong."""
    match = _CHECKED.fullmatch(line)
    if match is None or not line.isascii() or crc_text(match["body"]) != match["crc"]:
        raise DamagedLineError(line[:80])
    name, *pairs = match["body"][2:].split(" ")
    fields: dict[str, str] = {}
    for pair in pairs:
        key, _, value = pair.partition("=")
        if key in fields:
            raise DamagedLineError(f"{key} twice in {line[:80]}")
        fields[key] = value
    return CheckedLine(name, fields)


def encode_data(data: bytes) -> str:
    """Base64 as `in` carries it (RFC 4648, padded)."""
    return base64.b64encode(data).decode("ascii")


def decode_data(text: str) -> bytes:
    """Base64 as `c-out` carries it.  Raises DamagedLineError where it is not."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise DamagedLineError(f"not base64: {text[:40]}") from exc

"""A buffer that comes in pieces, in any order, some of them not."""

from __future__ import annotations

import contextlib
import zlib

from toolchain.measure.protocol import CheckedLine, DamagedLineError, decode_data


class Pieces:
    """`total` bytes told by lines with `offset` and `data` (base64)."""

    def __init__(self, total: int) -> None:
        self.total = total
        self._content = bytearray(total)
        self._have = bytearray(total)

    def add(self, line: CheckedLine) -> None:
        """Take one line's piece; one that does not fit is none of this buffer's."""
        with contextlib.suppress(DamagedLineError):
            offset, data = line.number("offset"), decode_data(line.text("data"))
            if offset + len(data) <= self.total:
                self._content[offset : offset + len(data)] = data
                self._have[offset : offset + len(data)] = b"\1" * len(data)

    def merge(self, other: Pieces) -> None:
        """Take over what `other`, of the same size, has."""
        for index, have in enumerate(other._have):
            if have:
                self._content[index] = other._content[index]
                self._have[index] = 1

    def clear(self) -> None:
        """Forget everything."""
        self._have = bytearray(self.total)

    @property
    def is_whole(self) -> bool:
        """Whether no byte is missing."""
        return self.covers(0, self.total)

    @property
    def has_any(self) -> bool:
        """Whether any byte is there."""
        return 1 in self._have

    def covers(self, start: int, end: int) -> bool:
        """Whether all bytes from `start` to before `end` are there."""
        return self._have.find(0, start, end) < 0

    def first_gap(self) -> tuple[int, int] | None:
        """Offset and length of the first missing stretch, or None."""
        start = self._have.find(0)
        if start < 0:
            return None
        end = self._have.find(1, start)
        return start, (end if end >= 0 else self.total) - start

    @property
    def content(self) -> bytes:
        """All bytes."""
        return bytes(self._content)

    @property
    def crc(self) -> int:
        """CRC-32 of all bytes."""
        return zlib.crc32(self._content)

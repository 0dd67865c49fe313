"""Asking for a buffer of the device piece by piece, until no byte of it is missing."""

from __future__ import annotations

from collections.abc import Collection

from toolchain.measure.conversation import Conversation
from toolchain.measure.pieces import Pieces
from toolchain.measure.protocol import CheckedLine

_MOST_BYTES = 512
_LEAST_BYTES = 12


class Fetcher:
    """Remembers how much can be asked for at once on this line."""

    def __init__(self, talk: Conversation) -> None:
        self._talk = talk
        self._bytes = _MOST_BYTES

    def fetch(self, command: str, name: str, pieces: Pieces, *, refusals: Collection[str]) -> None:
        """Ask with `command` for what `pieces` lack, in smaller parts where answers are damaged.

        Raises:
            RefusedError: the device gave one of `refusals`: it does not have the buffer any more.
        """
        while (gap := pieces.first_gap()) is not None:
            offset, count = gap[0], min(gap[1], self._bytes)
            part = Pieces(pieces.total)

            def accept(
                line: CheckedLine, part: Pieces = part, start: int = offset, end: int = offset + count
            ) -> bool | None:
                if line.name == name:
                    part.add(line)
                return True if part.covers(start, end) else None

            def at_end(part: Pieces = part) -> bool | None:
                self._bytes = max(_LEAST_BYTES, self._bytes // 2)
                return True if part.has_any else None

            self._talk.ask(f"{command} {offset} {count}", accept, refusals=refusals, at_end=at_end)
            pieces.merge(part)

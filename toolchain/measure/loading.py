"""Bulk loading: binary frames, several on their way at once, each acknowledged by offset and CRC-32.

Where a frame or its acknowledgement is lost, that piece alone is sent again, in smaller frames; where
nothing is lost, frames grow again.  At `frame` data bytes a frame takes 13 bytes more on the line (a mark,
offset, CRC, one byte of COBS for each 254, the `%`), so 256 of 269 bytes, 95 %, are data.
"""

from __future__ import annotations

import time
import zlib
from collections import OrderedDict
from dataclasses import dataclass

from toolchain.errors import ProtocolError
from toolchain.measure.conversation import ATTEMPTS, Conversation, Pace
from toolchain.measure.protocol import CheckedLine, encode_frame

# Larger ones would gain less than 3 %, and lose more with every damaged byte.
FRAME_BYTES = 256
LEAST_FRAME_BYTES = 16
# After so many frames without a loss, larger ones are tried.
GROW_AFTER = 16


@dataclass(frozen=True, slots=True)
class _Sent:
    offset: int
    data: bytes
    wire_bytes: int
    serial: int
    at: float
    first_time: bool


class Loader:
    """Writes to the device's input buffer; remembers how large frames may be on this line."""

    def __init__(self, talk: Conversation) -> None:
        self._talk = talk
        self._pace = Pace()
        self._frame = FRAME_BYTES
        self._successes = 0

    def load(self, data: bytes, *, chunk_bytes: int, window_bytes: int) -> None:
        """Put `data` at the start of the input buffer.

        Raises:
            SilentDeviceError, ProtocolError: no acknowledgements, or too many pieces damaged in a row.
            ReconnectedError: the port was opened again; what was loaded is not certain any more.
        """
        largest = min(FRAME_BYTES, chunk_bytes)
        waiting: list[tuple[int, bytes, bool]] = [(0, data, True)]
        on_the_way: OrderedDict[tuple[int, int], _Sent] = OrderedDict()
        losses = 0
        self._talk.begin()
        while waiting or on_the_way:
            self._send(waiting, on_the_way, min(largest, self._frame), window_bytes)
            # The count of what is still to come may be wrong; silence, now and then, sets it right.
            acknowledged, lost = self._take_answer(on_the_way, trust_count=losses % 4 != 3)
            if acknowledged:
                losses = 0
            if not lost:
                continue
            losses += 1
            if losses > ATTEMPTS:
                raise ProtocolError(
                    f"{losses} pieces of the input in a row did not reach {self._talk.link.name} whole.",
                    "Check the cable and the baud rate.",
                )
            self._send_again(lost, waiting, on_the_way)

    def _send(
        self,
        waiting: list[tuple[int, bytes, bool]],
        on_the_way: OrderedDict[tuple[int, int], _Sent],
        frame_bytes: int,
        window_bytes: int,
    ) -> None:
        """As many frames as the window has room for, one at least."""
        room = window_bytes - sum(sent.wire_bytes for sent in on_the_way.values())
        batch = bytearray()
        count = 0
        while waiting:
            offset, data, first_time = waiting[-1]
            piece = data[:frame_bytes]
            wire = encode_frame(offset, piece)
            if len(wire) > room and (on_the_way or batch):
                break
            waiting.pop()
            count += 1
            if len(data) > len(piece):
                waiting.append((offset + len(piece), data[len(piece) :], first_time))
            key = (offset, zlib.crc32(piece))
            on_the_way[key] = _Sent(
                offset, piece, len(wire), self._talk.sent + count, time.monotonic(), first_time
            )
            batch += wire
            room -= len(wire)
        if batch:
            self._talk.send(bytes(batch))

    def _take_answer(
        self, on_the_way: OrderedDict[tuple[int, int], _Sent], *, trust_count: bool
    ) -> tuple[bool, list[_Sent]]:
        """Whether the next line acknowledges a piece, and which it, or its absence, shows to be lost."""
        talk = self._talk
        on_line = sum(sent.wire_bytes for sent in on_the_way.values()) * talk.link.byte_seconds
        line = talk.read(min(self._pace.patience + on_line, talk.answer_seconds))
        if line is None:
            if trust_count:
                self._pace.silent()
            talk.require_life()
            talk.send(b"%")
            return False, list(on_the_way.values())
        if isinstance(line, CheckedLine):
            key = (line.number("offset"), line.crc("crc")) if line.name == "in" else (-1, 0)
            if key not in on_the_way:
                return False, []
            # The device answers in order: what was sent before this one got lost, or its answer did.
            order = list(on_the_way)
            earlier = order[: order.index(key)]
            # What was sent after it, and its own `m-ready`: some of those before may have been damaged.
            talk.expect_at_most(talk.sent - on_the_way[key].serial + 1)
            self._acknowledged(on_the_way.pop(key))
            return True, [on_the_way[other] for other in earlier]
        # All have been answered, and what is still here was refused, or its answer damaged.
        return False, list(on_the_way.values()) if line == "" and trust_count else []

    def _acknowledged(self, sent: _Sent) -> None:
        self._pace.alive()
        if sent.first_time:
            self._pace.answered(time.monotonic() - sent.at)
        self._successes += 1
        if self._successes >= GROW_AFTER:
            self._successes = 0
            self._frame = min(FRAME_BYTES, self._frame * 2)

    def _send_again(
        self,
        lost: list[_Sent],
        waiting: list[tuple[int, bytes, bool]],
        on_the_way: OrderedDict[tuple[int, int], _Sent],
    ) -> None:
        self._talk.retries += 1
        self._successes = 0
        self._frame = max(LEAST_FRAME_BYTES, self._frame // 2)
        for sent in lost:
            on_the_way.pop((sent.offset, zlib.crc32(sent.data)), None)
            waiting.append((sent.offset, sent.data, False))

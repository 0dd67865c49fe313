"""Faults to order on a line: which bytes are lost, doubled, flipped or late, by a seed."""

from __future__ import annotations

import random
import time
from collections import deque
from dataclasses import dataclass, field

LATE_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Damage:
    """Chances, 0…1, for every byte in one direction: lost, doubled, one bit flipped, held up (with all
    that follow) for up to 20 ms.  At most one of them happens to a byte."""

    lost: float = 0.0
    doubled: float = 0.0
    flipped: float = 0.0
    delayed: float = 0.0

    @classmethod
    def of(cls, share: float) -> Damage:
        """`share` of all bytes lost, doubled or flipped, a third each."""
        return cls(lost=share / 3, doubled=share / 3, flipped=share / 3)


@dataclass(frozen=True, slots=True)
class Faults:
    """What a FakeDevice does wrong.

    `resets`: the device restarts when so many bytes, both directions together, have passed (ascending).
    `banner_seconds`: how late it says its first word after a start.  `truncated_lines`: the chance that a
    line of the device ends early, line end included.  `stuck_timer`: its timer stands still.  `build_id`:
    the build it claims to be.  The same `seed` and the same conversation give the same faults.
    """

    to_device: Damage = Damage()
    to_host: Damage = Damage()
    resets: tuple[int, ...] = ()
    banner_seconds: float = 0.0
    truncated_lines: float = 0.0
    stuck_timer: bool = False
    build_id: str | None = None
    seed: int = 0


@dataclass(slots=True)
class DamagingChannel:
    """One direction: bytes go in at `put` and come out, damaged and perhaps late, at `take`."""

    damage: Damage
    chance: random.Random
    _queue: deque[tuple[float, bytes]] = field(default_factory=deque)

    def put(self, data: bytes) -> None:
        """Send `data` on its way."""
        if self.damage == Damage():
            self._queue.append((0.0, data))
            return
        out = bytearray()
        at = 0.0
        for byte in data:
            fate = self.chance.random()
            for name in ("lost", "doubled", "flipped", "delayed"):
                fate -= getattr(self.damage, name)
                if fate < 0:
                    break
            else:
                name = ""
            if name == "delayed":
                self._queue.append((at, bytes(out)))
                out.clear()
                at = time.monotonic() + self.chance.random() * LATE_SECONDS
            flip = 1 << self.chance.randrange(8) if name == "flipped" else 0
            out += bytes([byte ^ flip]) * {"lost": 0, "doubled": 2}.get(name, 1)
        self._queue.append((at, bytes(out)))

    def take(self) -> bytes:
        """What has arrived by now."""
        out = bytearray()
        while self._queue and self._queue[0][0] <= time.monotonic():
            out += self._queue.popleft()[1]
        return bytes(out)

    def clear(self) -> None:
        """Everything on its way is gone."""
        self._queue.clear()

"""A line of a given baud rate: bytes pass in either direction no faster than baud/10, and some time late."""

from __future__ import annotations

import threading
import time
from collections import deque

from toolchain.measure.link import Stream


class Throttled:
    """A Stream before another one, whose `read` has to be back within a millisecond or so.

    `latency` is each direction's delay in seconds, as a USB adapter has it.

    The line carries a byte at a time: one that is given while others are under way starts after them.
    """

    def __init__(self, inner: Stream, baud: int, latency: float) -> None:
        self._inner = inner
        self._byte_seconds = 10 / baud
        self._latency = latency
        self._out: deque[tuple[float, int]] = deque()
        self._in: deque[tuple[float, int]] = deque()
        self._out_free = self._in_free = 0.0
        self._guard = threading.Lock()
        self._ended = threading.Event()
        self._pump_thread = threading.Thread(target=self._pump, daemon=True)
        self._pump_thread.start()

    @property
    def in_waiting(self) -> int:
        return 4096

    def _schedule(self, queue: deque[tuple[float, int]], free: float, data: bytes) -> float:
        free = max(free, time.monotonic())
        for byte in data:
            free += self._byte_seconds
            queue.append((free + self._latency, byte))
        return free

    def _due(self, queue: deque[tuple[float, int]]) -> bytes:
        with self._guard:
            now = time.monotonic()
            out = bytearray()
            while queue and queue[0][0] <= now:
                out.append(queue.popleft()[1])
            return bytes(out)

    def _pump(self) -> None:
        while not self._ended.is_set():
            if data := self._due(self._out):
                self._inner.write(data)
            if data := self._inner.read(4096):
                with self._guard:
                    self._in_free = self._schedule(self._in, self._in_free, data)

    def write(self, data: bytes, /) -> int:
        with self._guard:
            self._out_free = self._schedule(self._out, self._out_free, data)
        return len(data)

    def read(self, size: int = 1, /) -> bytes:
        deadline = time.monotonic() + 0.05
        while not (data := self._due(self._in)) and time.monotonic() < deadline:
            time.sleep(0.0003)
        return data

    def close(self) -> None:
        self._ended.set()
        self._pump_thread.join(5)
        self._inner.close()

"""What MLPerf Tiny's public runner does to a device under test, as a test client.

Written from the protocol: it sends what the runner sends, reads as it reads, judges as it judges, and is as
easily put off: a reply ends at the first line that contains "m-ready", whatever it answers; a line that takes
longer than five seconds (thirty for `infer`) is a failure; nothing is ever sent again.
"""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import serial

# What the runner waits after it has opened the port, and for one line.
OPENING_SECONDS = 2.0
LINE_SECONDS = 5.0
INFER_SECONDS = 30.0
PIECE_BYTES = 31
WINDOWS = 5
LEAST_SECONDS = 10.0


@dataclass(frozen=True)
class Inference:
    """What the runner makes of the reply to `infer`."""

    results: list[float]
    elapsed_us: int


@dataclass(frozen=True)
class Performance:
    """Throughputs of the windows in inferences a second, and what the runner objects to."""

    throughputs: list[float]
    seconds: float
    objections: list[str]

    @property
    def median(self) -> float:
        return statistics.median(self.throughputs)


class Runner:
    def __init__(self, port: serial.Serial) -> None:
        self._port = port

    @classmethod
    @contextmanager
    def open(cls, path: str, baud: int = 115_200) -> Iterator[Runner]:
        with serial.Serial(path, baud, timeout=LINE_SECONDS) as port:
            time.sleep(OPENING_SECONDS)
            yield cls(port)

    def command(self, text: str, seconds: float = LINE_SECONDS) -> list[str]:
        """The reply's lines without blank ones; each may take `seconds`."""
        self._port.timeout = seconds
        self._port.write(f"{text}%".encode())
        lines: list[str] = []
        while True:
            raw = self._port.readline()
            assert raw.endswith(b"\n"), f"no line within {seconds} s after {text[:40]!r}: {raw!r} {lines}"
            line = raw.decode().translate({10: None, 13: None, 0: None})
            if line:
                lines.append(line)
            if "m-ready" in line:
                return lines

    def identify(self) -> tuple[str, str, str]:
        """Name, profile and model; the model chooses the script."""
        name = _only(r"^m-name-dut-\[([^]]+)]$", self.command("name"))
        reply = self.command("profile")
        return name, _only(r"^m-profile-\[([^]]+)]$", reply), _only(r"^m-model-\[([^]]+)]$", reply)

    def load(self, data: bytes) -> list[str]:
        """`db load`, then the bytes; the last command's reply."""
        self.command(f"db load {len(data)}")
        reply: list[str] = []
        for start in range(0, len(data), PIECE_BYTES):
            reply = self.command(f"db {data[start : start + PIECE_BYTES].hex()}")
        return reply

    def infer(self, runs: int, warm_ups: int) -> Inference:
        results: list[float] = []
        times: list[int] = []
        for line in self.command(f"infer {runs} {warm_ups}", INFER_SECONDS):
            if match := re.match(r"^m-results-\[([^]]+)\]$", line):
                results = [float(value) for value in match[1].split(",") if value.strip()]
            if match := re.match(r"^m-lap-us-([0-9]+)$", line):
                times.append(int(match[1]))
        assert len(times) == 2, times
        assert results
        return Inference(results, times[1] - times[0])

    def performance(self, sample: bytes, runs: int, warm_ups: int) -> Performance:
        """Performance mode: the sample is loaded and inferred in every window."""
        begun = time.monotonic()
        throughputs = []
        for _ in range(WINDOWS):
            self.load(sample)
            elapsed = self.infer(runs, warm_ups).elapsed_us
            throughputs.append(runs / (elapsed / 1e6) if elapsed > 0 else 0.0)
        seconds = time.monotonic() - begun
        objections = [] if seconds >= LEAST_SECONDS else [f"done within {seconds:.1f} s"]
        return Performance(throughputs, seconds, objections)

    def accuracy_results(self, samples: Sequence[bytes]) -> npt.NDArray[np.float64]:
        """Accuracy mode: each sample loaded and inferred once; shape (samples, results)."""
        rows = []
        for sample in samples:
            assert "m-load-done" in self.load(sample)
            rows.append(self.infer(1, 0).results)
        return np.array(rows)


def accuracy_of(results: npt.NDArray[np.float64], labels: npt.NDArray[np.int64]) -> float:
    """As the runner: every row scaled to a sum of one, the largest is the answer."""
    return float(np.mean(np.argmax(results / results.sum(axis=1, keepdims=True), axis=1) == labels))


def _only(pattern: str, lines: Sequence[str]) -> str:
    found = [match[1] for line in lines if (match := re.match(pattern, line))]
    assert len(found) == 1, (pattern, lines)
    return found[0]

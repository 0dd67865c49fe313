"""The device's timer beside a second clock: this computer's."""

from __future__ import annotations

import time

from toolchain.errors import TimerError
from toolchain.measure.conversation import Conversation
from toolchain.measure.protocol import CheckedLine
from toolchain.vocabulary.measurement import TimerRate

# An internal RC oscillator is good to one or two per cent, a crystal to a fraction of one.  What is further
# off runs at another clock than the board file says.
TOLERANCE = 0.05
READINGS = 8


def measure_timer_rate(talk: Conversation, seconds: float) -> TimerRate:
    """Read the timer at both ends of `seconds`; a reading is uncertain by half of what its answer took."""
    first, first_at, first_error = _reading(talk)
    time.sleep(seconds)
    last, last_at, last_error = _reading(talk)
    elapsed = last_at - first_at
    rate = (last - first) / elapsed
    return TimerRate(hz=rate, uncertainty_hz=rate * (first_error + last_error) / elapsed, seconds=elapsed)


def require_timer_rate(found: TimerRate, timer_hz: int, board: str) -> None:
    """Refuse a timer that runs at another rate than is told: every time would be wrong by their ratio.

    Raises:
        TimerError: with both rates.
    """
    if abs(found.hz - timer_hz) > TOLERANCE * timer_hz + found.uncertainty_hz:
        raise TimerError(
            f"The timer of {board} runs at {found.hz / 1e6:.4g} MHz by this computer's clock (± "
            f"{found.uncertainty_hz / 1e6:.2g}), not at the {timer_hz / 1e6:.6g} MHz that it tells.",
            "Correct timer.hz and clock_hz in the board file, or the clock's set-up, and build again.",
        )


def _reading(talk: Conversation) -> tuple[int, float, float]:
    """The best of some: ticks, this computer's time amid the question, and half of what it took."""
    best = (0, 0.0, float("inf"))
    for _ in range(READINGS):
        retries, begun = talk.retries, time.monotonic()
        ticks = talk.ask("ticks", _now)
        half = (time.monotonic() - begun) / 2
        if talk.retries == retries and half < best[2]:
            best = (ticks, begun + half, half)
    return best


def _now(line: CheckedLine) -> int | None:
    return line.number("now") if line.name == "ticks" else None

"""Numbered inferences: each is taken once, on the bytes that were meant, and its output is whole.

An inference counts only when the device's CRC of its input is that of the bytes meant, and its output is
whole by its own CRC; the device takes each numbered step once, however often it is asked for
(docs/protocol.md).
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from toolchain.errors import ProtocolError, StateLostError
from toolchain.measure.conversation import ATTEMPTS, Conversation, Pace, RefusedError
from toolchain.measure.fetching import Fetcher
from toolchain.measure.identity import timer_error
from toolchain.measure.loading import Loader
from toolchain.measure.pieces import Pieces
from toolchain.measure.protocol import CheckedLine, ReconnectedError
from toolchain.vocabulary.measurement import Identity, Inference

# Timed inferences asked for at once: few enough that a damaged line is soon made good.
TIME_BATCH = 50


class _RestartedError(Exception):
    """The device counts its steps from the beginning again."""


@dataclass(frozen=True, slots=True)
class _Run:
    """A `c-run` line and the output pieces that came with it."""

    ticks: int
    output_crc: int
    output: Pieces


class Inferences:
    """The device's inferences, and how many steps it has taken as far as is known."""

    def __init__(self, talk: Conversation, loader: Loader, fetcher: Fetcher, pace: Pace) -> None:
        self._talk = talk
        self._loader = loader
        self._fetcher = fetcher
        self._pace = pace
        self._steps: int | None = None
        self._state_is_known = True
        self._loaded: tuple[Identity, bytes] | None = None

    # Steps

    def steps(self) -> int:
        """Inferences since boot or the last reset."""
        if self._steps is None:
            self._steps = self._talk.ask("steps", _steps_done)
        return self._steps

    def were_reset(self) -> None:
        """The state is the initial one, and no step was taken."""
        self._steps = 0
        self._state_is_known = True

    def state_was_used(self) -> None:
        """Something else ran the model: nobody knows by how many steps."""
        self._steps = None
        self._state_is_known = False

    # Inferences

    def infer(self, identity: Identity, data: bytes) -> Inference:
        """One inference on `data`, see Device.infer."""
        if identity.state_bytes and not self._state_is_known:
            raise StateLostError(
                f"Timing or dumping took the state of the model on {self._talk.link.name} further on.",
                "Reset the model's state first.",
            )
        crc = zlib.crc32(data)
        faults = self._talk.faults
        for _ in range(ATTEMPTS):
            self._talk.require_no_fault_loop(faults, "an inference")
            try:
                self._load(identity, data)
                step = self.steps()
                run = self._run(identity, crc)
                output = self._whole_output(run)
            except ReconnectedError:
                self._talk.meet_again()
                continue
            except RefusedError:
                # It holds other bytes than were meant, or has none (it was reset, say): load them again.
                self._talk.retries += 1
                continue
            if output is not None:
                return Inference(output=output, ticks=run.ticks)
            # The same step once more: told again where it was taken, refused where the device restarted.
            self._steps = step
        raise ProtocolError(
            f"The device on {self._talk.link.name} did not complete one inference in {ATTEMPTS} tries.",
            "Check the board's power: it seems to reset.",
        )

    def _load(self, identity: Identity, data: bytes) -> None:
        self._loader.load(data, chunk_bytes=identity.chunk_bytes, window_bytes=identity.window_bytes)
        self._loaded = (identity, data)

    def _run(self, identity: Identity, input_crc: int) -> _Run:
        """The step after the last one, on the input whose CRC this is; RefusedError where it is not there."""
        step = self.steps() + 1
        pieces = Pieces(identity.output_bytes)
        head: list[CheckedLine] = []

        def accept(line: CheckedLine) -> _Run | None:
            if line.name == "run" and (line.number("step"), line.crc("input")) == (step, input_crc):
                head[:] = [line]
            elif line.name == "out" and head:
                pieces.add(line)
            return at_end() if pieces.is_whole else None

        def at_end() -> _Run | None:
            return _Run(head[0].number("ticks"), head[0].crc("output"), pieces) if head else None

        try:
            run = self._talk.ask(
                f"run {step} {input_crc:08X}",
                accept,
                refusals=("e-step", "e-input", "e-timer"),
                at_end=at_end,
                pace=self._pace,
            )
        except RefusedError as exc:
            if exc.reason == "e-timer":
                raise timer_error() from exc
            if exc.reason == "e-step":
                self._meet_step(identity, step - 1)
            raise
        self._steps = step
        return run

    def _meet_step(self, identity: Identity, expected: int) -> None:
        """The device counts its steps otherwise: it restarted, or someone else ran it."""
        self._steps = None
        done = self.steps()
        if identity.state_bytes and done != expected:
            raise StateLostError(
                f"The device on {self._talk.link.name} has taken {done} steps, not {expected}: it restarted, "
                f"and the state of its streaming model is lost{self._talk.fault_text}.",
                "Reset the model's state and run the sequence again from its beginning.",
            )

    def _whole_output(self, run: _Run) -> bytes | None:
        """The output, what is missing of it asked for; None where it cannot be had any more."""
        for _ in range(ATTEMPTS):
            try:
                self._fetcher.fetch("out", "out", run.output, refusals=("e-no-run",))
            except RefusedError:
                return None
            if run.output.crc == run.output_crc:
                return run.output.content
            self._talk.retries += 1
            run.output.clear()
        return None

    # Times

    def time(self, runs: int) -> tuple[int, ...]:
        """Ticks of each of `runs` inferences, see Device.time."""
        ticks: list[int] = []
        last = self.steps()
        self.state_was_used()
        for _ in range(ATTEMPTS + runs):
            try:
                seen = self._time_some(min(TIME_BATCH, runs - len(ticks)), last)
            except _RestartedError:
                self._load_again()
                last = 0
                continue
            ticks += seen.values()
            last = max(seen)
            if len(ticks) >= runs:
                self._talk.settle()
                return tuple(ticks[:runs])
        raise ProtocolError(
            f"The device on {self._talk.link.name} did not complete {runs} timed inferences.",
            "Check the board's power: it seems to reset.",
        )

    def _time_some(self, count: int, last: int) -> dict[int, int]:
        """Ticks by number of step of up to `count` inferences after step `last`."""
        seen: dict[int, int] = {}

        def accept(line: CheckedLine) -> dict[int, int] | None:
            if line.name == "time":
                if line.number("step") <= last:
                    raise _RestartedError
                seen[line.number("step")] = line.number("ticks")
            return at_end() if len(seen) >= count else None

        def at_end() -> dict[int, int] | None:
            return seen or None

        try:
            return self._talk.ask(
                f"time {count}", accept, refusals=("e-timer",), at_end=at_end, pace=self._pace
            )
        except RefusedError as exc:
            raise timer_error() from exc

    def _load_again(self) -> None:
        """After a restart, which a device's input does not outlive."""
        if self._loaded is None:
            raise ProtocolError(
                f"The device on {self._talk.link.name} restarted while it was timed; its input is lost.",
                "Run an inference first: its input is then loaded again.",
            )
        self._talk.settle()
        self._load(*self._loaded)


def _steps_done(line: CheckedLine) -> int | None:
    return line.number("done") if line.name == "steps" else None

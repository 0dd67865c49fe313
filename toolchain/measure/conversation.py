"""Asking a device and being sure of the answer, on a line that may lose, double or change bytes.

An answer is known by what it says (checked lines that name what they answer), never by where it stands;
so nothing has to arrive in step, and asking again is always safe: every command is either harmless
twice or, as the numbered `run`, carried out once however often it is asked for.
"""

from __future__ import annotations

import contextlib
import difflib
import itertools
import time
from collections.abc import Callable, Collection
from typing import TypeVar

from toolchain.errors import DeviceError, ProtocolError, SilentDeviceError
from toolchain.measure.link import Link
from toolchain.measure.protocol import (
    READY,
    CheckedLine,
    DamagedLineError,
    ReconnectedError,
    encode_command,
    parse_checked,
)

# In a row, for one question.  On a line that damages 1 % of bytes a question of two lines fails every
# second time; sixty failures in a row then come about once in 10^18.
ATTEMPTS = 60
FIRST_PATIENCE = 0.25
LEAST_PATIENCE = 0.008
# What this computer may be late by.
SLACK_SECONDS = 0.004
FIRST_SYNC_WAIT = 0.1
RECONNECT_SYNC_SECONDS = 15.0
# A device that faults again and again on one question has a fault of its own, not of the line.
FAULTS_MAX = 3
_Result = TypeVar("_Result")


class RefusedError(DamagedLineError):
    """The device refused for a reason that the asker named: `reason` is the whole line."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Pace:
    """How long silence may last before a question is asked again: three times the usual answer's time,
    doubled with every silence (after Jacobson 1988, and Karn: repeated questions are not timed)."""

    def __init__(self) -> None:
        self._usual: float | None = None
        self._factor = 1.0

    @property
    def patience(self) -> float:
        """Seconds."""
        usual = (
            FIRST_PATIENCE if self._usual is None else max(LEAST_PATIENCE, 3 * self._usual + SLACK_SECONDS)
        )
        return usual * self._factor

    def answered(self, seconds: float) -> None:
        """A question asked once took this long."""
        self._usual = seconds if self._usual is None else 0.8 * self._usual + 0.2 * seconds
        self._factor = 1.0

    def silent(self) -> None:
        """Nothing came in time."""
        self._factor = min(self._factor * 2, 4096.0)

    def alive(self) -> None:
        """An answer came, to whichever of the questions."""
        self._factor = 1.0


class Conversation:
    """Questions and answers over a Link; `answer_seconds` bounds the wait for any one sign of life."""

    def __init__(self, link: Link, *, answer_seconds: float) -> None:
        self.link = link
        self.answer_seconds = answer_seconds
        self.retries = 0
        """How often something had to be asked or sent again."""
        self.sent = 0
        """How many commands were sent so far."""
        self.boots = 0
        """How many boot banners were seen."""
        self.faults = 0
        """How many faults the firmware has told of."""
        self._fault = ""
        self._answers = 0
        self.quick = Pace()
        self._tokens = itertools.count(1)
        # How many `m-ready` are still to come, as far as is known: it tells early that an answer is over.
        self._unanswered = 0
        self._last_valid = time.monotonic()

    # Asking

    def ask(
        self,
        text: str,
        accept: Callable[[CheckedLine], _Result | None],
        *,
        refusals: Collection[str] = (),
        at_end: Callable[[], _Result | None] = lambda: None,
        pace: Pace | None = None,
    ) -> _Result:
        """Send `text`, again and again, until `accept` makes a result of a checked line.

        `accept` sees every checked line that comes, those of earlier questions too, and returns None
        for what is not its own.  `at_end` may make a result of what has come when an answer has ended.

        Raises:
            RefusedError: the device answered one of `refusals`.
            SilentDeviceError, ProtocolError: no answer, or only damaged ones.
        """
        pace = pace or self.quick
        self.begin()
        faults = self.faults
        command = encode_command(text)
        for attempt in range(ATTEMPTS):
            self.retries += attempt > 0
            try:
                # After silence, a `%` first: it ends a command that lost its own end.
                self.send(command if attempt == 0 or self._unanswered else b"%" + command)
                begun = time.monotonic()
                # The count of what is still to come may be wrong; silence, now and then, sets it right.
                trust_count = attempt % 4 != 3
                found = self._listen(accept, refusals, at_end, pace, trust_count=trust_count)
            except ReconnectedError:
                self.meet_again()
                continue
            if found is not None:
                if attempt == 0:
                    pace.answered(time.monotonic() - begun)
                pace.alive()
                return found
            self.require_no_fault_loop(faults, repr(text.split(" ", maxsplit=1)[0]))
            self.require_life()
        raise ProtocolError(
            f"{ATTEMPTS} answers to {text.split(' ', maxsplit=1)[0]!r} on {self.link.name} were damaged.",
            "Check the cable and the baud rate.",
        )

    def begin(self) -> None:
        """From now on the device has `answer_seconds` for a sign of life."""
        self._last_valid = time.monotonic()

    def send(self, data: bytes) -> None:
        """Write commands; each `%` in them brings one `m-ready`."""
        self._unanswered += data.count(b"%")
        self.sent += data.count(b"%")
        self.link.write(data)

    def expect_at_most(self, answers: int) -> None:
        """No more than so many `m-ready` can still be to come."""
        self._unanswered = min(self._unanswered, answers)

    def read(self, wait: float) -> CheckedLine | str | None:
        """The next line that means something: a checked line, `READY`, or an `e-` line.

        "" where `READY` was the last that is expected; None after `wait` seconds in which nothing came,
        or longer where the bytes under way need longer.
        """
        bound = time.monotonic() + self.answer_seconds + wait
        while True:
            line = self.link.read_line_while_alive(wait, bound)
            if line is None:
                self._unanswered = 0
                return None
            if line.startswith("c-"):
                with contextlib.suppress(DamagedLineError):
                    parsed = parse_checked(line)
                    self._last_valid = time.monotonic()
                    self._answers += 1
                    return parsed
            elif line.startswith("e-fault"):
                self._fault = line
                self.faults += 1
            elif line.startswith("e-"):
                return line
            elif line == "m-init-done":
                self.boots += 1
            elif _may_be_ready(line):
                self._unanswered = max(0, self._unanswered - 1)
                return READY if self._unanswered else ""

    def _listen(
        self,
        accept: Callable[[CheckedLine], _Result | None],
        refusals: Collection[str],
        at_end: Callable[[], _Result | None],
        pace: Pace,
        *,
        trust_count: bool,
    ) -> _Result | None:
        bound = time.monotonic() + self.answer_seconds + pace.patience
        while time.monotonic() < bound:
            line = self.read(min(pace.patience, self.answer_seconds))
            if line is None:
                if trust_count:
                    pace.silent()
                return at_end()
            if isinstance(line, CheckedLine):
                found = accept(line)
                if found is not None:
                    return found
            elif line == "" and trust_count:
                return at_end()
            elif line in refusals:
                raise RefusedError(line)
        return at_end()

    def require_no_fault_loop(self, before: int, what: str) -> None:
        """Raise where the firmware has faulted again and again since `faults` was `before`."""
        if self.faults - before >= FAULTS_MAX:
            raise ProtocolError(
                f"The firmware on {self.link.name} faults on {what}: {self._fault[:80]}.",
                "Look the pc up with addr2line in the firmware.elf, and report it with the model.",
            )

    @property
    def fault_text(self) -> str:
        """The last fault, for messages; nothing where there was none."""
        return f" (it told {self._fault[:80]})" if self._fault else ""

    def require_life(self) -> None:
        """Raise where no valid line has come for `answer_seconds`."""
        if time.monotonic() - self._last_valid >= self.answer_seconds:
            raise self.no_answer(self.answer_seconds)

    # Meeting

    def sync(self, seconds: float) -> bool:
        """Bring both ends to the same place, within `seconds`: what came before is dropped.

        A fresh token is sent, and again, with growing patience, until the answer to the last one has
        come: by then nothing else can be under way.
        """
        deadline = time.monotonic() + seconds
        wait = FIRST_SYNC_WAIT
        while time.monotonic() < deadline:
            token = next(self._tokens)
            self.link.write(b"%" + encode_command(f"sync {token}"))
            begun = time.monotonic()
            if self._echoed(token, min(deadline, begun + wait)):
                self._unanswered = 1
                self.quick.answered(time.monotonic() - begun)
                return True
            wait *= 2
        return False

    def _echoed(self, token: int, deadline: float) -> bool:
        """Whether the echo of `token` comes before `deadline`."""
        while (line := self.link.read_line(deadline)) is not None:
            if line == "m-init-done":
                self.boots += 1
            with contextlib.suppress(DamagedLineError):
                parsed = parse_checked(line)
                if parsed.name == "sync" and parsed.number("token") == token:
                    return True
        return False

    def settle(self) -> None:
        """Whatever is still on its way is passed over."""
        if not self.sync(self.answer_seconds):
            raise self.no_answer(self.answer_seconds)

    def meet_again(self) -> None:
        """After the port was opened again: the device may still be starting."""
        self.retries += 1
        with contextlib.suppress(ReconnectedError):
            if not self.sync(RECONNECT_SYNC_SECONDS):
                raise self.no_answer(RECONNECT_SYNC_SECONDS)
        self.begin()

    def no_answer(self, seconds: float) -> DeviceError:
        """The error that fits what was seen, and what was not."""
        link = self.link
        if not link.received_bytes:
            return SilentDeviceError(
                f"The device on {link.name} sent nothing within {seconds:.3g} s.",
                "Check that the firmware is flashed, the port is the board's, and the board has power.",
            )
        if self._answers:
            return SilentDeviceError(
                f"The device on {link.name} has answered {self._answers} times, but not any more for "
                f"{seconds:.3g} s; the last that came was {link.seen[-60:]!r}.",
                "Check the cable and the board's power, and run the same command again.",
            )
        if link.garbled_bytes * 4 > link.received_bytes:
            return ProtocolError(
                f"{link.garbled_bytes} of the {link.received_bytes} bytes from {link.name} are no text: "
                f"the other end seems to speak at another baud rate{link.baud_text}.",
                "Open the port at the board file's serial.baud, or flash firmware made for this one.",
            )
        return ProtocolError(
            f"What came from {link.name} is no chipcast firmware's answer: {link.seen[-60:]!r}.",
            "Check the baud rate and that the firmware is flashed.",
        )


def _may_be_ready(line: str) -> bool:
    """Whether `line` is `m-ready`, or what damage made of it.  Only pacing rests on this."""
    if line == READY:
        return True
    return 5 <= len(line) <= 9 and difflib.SequenceMatcher(None, line, READY).ratio() > 0.7

"""A running chipcast firmware, spoken to over a Link.

Every answer is checked: a damaged, lost or doubled line is asked for again (a bounded number of
times), and an inference counts only when the device's CRC of its input is that of the bytes meant.
"""

from __future__ import annotations

import contextlib
import itertools
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from toolchain.errors import ProtocolError, SilentDeviceError, StaleFirmwareError, TimerError
from toolchain.measure.link import Link, open_link
from toolchain.measure.protocol import (
    READY,
    CheckedLine,
    DamagedLineError,
    decode_data,
    encode_command,
    encode_data,
    parse_checked,
)
from toolchain.vocabulary.measurement import Identity, Inference

PROTOCOL_VERSION = 1
ATTEMPTS = 10
ANSWER_SECONDS = 10.0
# For commands that run no inference.
QUICK_SECONDS = 5.0
# Once an answer has begun, the rest follows without delay: a longer gap means that its end was lost.
GAP_SECONDS = 2.0
SYNC_SECONDS = 10.0
FIRST_SYNC_WAIT = 0.1
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class _Answer:
    checked: tuple[CheckedLine, ...]
    errors: tuple[str, ...]

    def one(self, name: str) -> CheckedLine:
        """The only line called `name`; DamagedLineError where it is missing or there are more."""
        lines = self.all(name)
        if len(lines) != 1:
            raise DamagedLineError(f"{len(lines)} lines c-{name} in one answer")
        return lines[0]

    def all(self, name: str) -> list[CheckedLine]:
        """All lines called `name`, in order."""
        return [line for line in self.checked if line.name == name]


class Device:
    """Commands of docs/protocol.md as methods.  Use `Device.open`, or give it any Link."""

    def __init__(self, link: Link, *, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._link = link
        self._answer_seconds = answer_seconds
        self._tokens = itertools.count(1)
        self._chunk_bytes = 0
        self._input_bytes = 0
        self.retries = 0
        """How many answers had to be asked for again."""

    @classmethod
    @contextlib.contextmanager
    def open(cls, url: str, baud: int, *, answer_seconds: float = ANSWER_SECONDS) -> Iterator[Device]:
        """Open the port for this process alone; close it in every case."""
        link = open_link(url, baud)
        try:
            yield cls(link, answer_seconds=answer_seconds)
        finally:
            link.close()

    def wait_until_ready(self, seconds: float) -> None:
        """Wait, at most `seconds`, until the firmware answers; a banner before that is passed over.

        Raises:
            SilentDeviceError: nothing at all came back.
            ProtocolError: bytes came back, but no chipcast firmware's.
        """
        if not self._sync(seconds):
            raise self._no_answer(seconds)

    def identify(self) -> Identity:
        """What the firmware is.

        Raises:
            TimerError: the firmware found that its timer stands still.
            ProtocolError: another protocol version, or the memory is not aligned.
        """
        answer = self._ask("id", ("id", "clock", "sizes", "align"))
        who, clock, sizes = answer.one("id"), answer.one("clock"), answer.one("sizes")
        if who.number("protocol") != PROTOCOL_VERSION:
            raise ProtocolError(
                f"The firmware speaks protocol {who.text('protocol')}, this chipcast {PROTOCOL_VERSION}.",
                "Build and flash the firmware with this version.",
            )
        if answer.one("align").text("status") != "ok":
            raise ProtocolError(
                "The firmware found its arena or model not aligned to 16 bytes.",
                "Check the linker script: the sections need ALIGN(16).",
            )
        if clock.text("status") != "ok":
            raise _timer_error()
        identity = Identity(
            protocol=PROTOCOL_VERSION,
            build_id=who.text("build"),
            model_sha256=who.text("model"),
            engine=who.text("engine"),
            board=who.text("board"),
            timer_hz=clock.number("hz"),
            input_bytes=sizes.number("input"),
            output_bytes=sizes.number("output"),
            arena_bytes=sizes.number("arena"),
            layers=sizes.number("layers"),
            chunk_bytes=sizes.number("chunk"),
        )
        if identity.chunk_bytes < 1:
            raise ProtocolError("The firmware takes no input (chunk=0).", "Build and flash it again.")
        self._chunk_bytes, self._input_bytes = identity.chunk_bytes, identity.input_bytes
        return identity

    def require_build(self, build_id: str) -> Identity:
        """Identify, and refuse any build but `build_id` (the id in the ELF file).

        Raises:
            StaleFirmwareError: another build answered.
        """
        identity = self.identify()
        if identity.build_id != build_id:
            raise StaleFirmwareError(
                f"The device runs build {identity.build_id[:12]} (model {identity.model_sha256[:12]}), "
                f"not {build_id[:12]}.",
                "Flash it again: `chipcast flash PROJECT`.",
            )
        return identity

    def infer(self, data: bytes) -> Inference:
        """One inference on `data` (all inputs, one after the other, exactly `input_bytes`).

        Raises:
            ProtocolError: damaged answers, again and again.
            SilentDeviceError, PortError, TimerError: as their names say.
        """
        if not self._chunk_bytes:
            self.identify()
        if len(data) != self._input_bytes:
            raise ValueError(f"{len(data)} bytes for a model that takes {self._input_bytes}")
        for _ in range(ATTEMPTS):
            for offset in range(0, len(data), self._chunk_bytes):
                self._load(offset, data[offset : offset + self._chunk_bytes])
            crc, result = self._retried(self._run_once, "run")
            if crc == zlib.crc32(data):
                return result
            # The device holds other bytes than were meant (it was reset, say): load them again.
            self.retries += 1
        raise ProtocolError(
            f"The device on {self._link.name} ran {ATTEMPTS} times on other bytes than it was given.",
            "Check the board's power: it seems to reset.",
        )

    def layer_ticks(self) -> tuple[int, ...] | None:
        """Timer ticks of each layer of the last inference; None when they were not built in."""
        answer = self._ask("layers", (), refusal="e-unsupported")
        if "e-unsupported" in answer.errors:
            return None
        lines = answer.all("layer")
        if [line.number("index") for line in lines] != list(range(len(lines))):
            raise ProtocolError("The layer times came out of order.", "Run it again.")
        return tuple(line.number("ticks") for line in lines)

    def stack_bytes(self) -> int | None:
        """High-water mark of the stack in bytes; None where the board cannot tell.

        Raises:
            ProtocolError: the stack was used to its last byte, so it may have run over.
        """
        line = self._ask("memory", ("memory",)).one("memory")
        if line.text("stack") == "unknown":
            return None
        used, reserve = line.number("stack"), line.number("reserve")
        if used >= reserve:
            raise ProtocolError(
                f"The stack used all of its {reserve} bytes, so it may have overwritten other memory.",
                "Give the firmware more stack (CHIPCAST_STACK_BYTES), build and flash it again.",
            )
        return used

    def reset_state(self) -> None:
        """Put a streaming model's variables back to their initial values."""
        self._ask("reset", ("reset",))

    def _load(self, offset: int, piece: bytes) -> None:
        """Put `piece` into the device's input buffer."""

        def once() -> None:
            done = self._command(f"in {offset} {encode_data(piece)}").one("in")
            if (done.number("offset"), done.number("bytes")) != (offset, len(piece)):
                raise DamagedLineError(f"in {offset} was answered for {done.text('offset')}")

        self._retried(once, "in")

    def _run_once(self) -> tuple[int, Inference]:
        """The CRC of the input the device ran on, and what came of it."""
        answer = self._command("run", self._answer_seconds)
        if "e-timer" in answer.errors:
            raise _timer_error()
        head = answer.one("run")
        output = _joined(answer.all("out"), head.number("bytes"))
        if head.crc("output") != zlib.crc32(output):
            raise DamagedLineError("the output's CRC is wrong")
        return head.crc("input"), Inference(output=output, ticks=head.number("ticks"))

    def _ask(self, text: str, wanted: Sequence[str], *, refusal: str | None = None) -> _Answer:
        """Send until an answer holds one line of each name in `wanted`, or the error `refusal`."""

        def once() -> _Answer:
            answer = self._command(text)
            unexpected = [error for error in answer.errors if error != refusal]
            if unexpected:
                raise DamagedLineError(unexpected[0])
            for name in wanted:
                answer.one(name)
            return answer

        return self._retried(once, text)

    def _retried(self, once: Callable[[], _Result], what: str) -> _Result:
        """`once()`, again after a fresh start of the conversation while its answer is damaged."""
        seen = ""
        for _ in range(ATTEMPTS):
            try:
                return once()
            except DamagedLineError as exc:
                seen = str(exc)
                self.retries += 1
                if not self._sync(self._answer_seconds + SYNC_SECONDS):
                    raise self._no_answer(self._answer_seconds + SYNC_SECONDS) from exc
        raise ProtocolError(
            f"{ATTEMPTS} answers to {what!r} on {self._link.name} were damaged, the last: {seen}.",
            "Check the cable and the baud rate.",
        )

    def _command(self, text: str, seconds: float = QUICK_SECONDS) -> _Answer:
        """Send one command, collect its answer up to `m-ready`.  DamagedLineError where a line is damaged."""
        self._link.write(encode_command(text))
        deadline = time.monotonic() + min(seconds, self._answer_seconds)
        checked: list[CheckedLine] = []
        errors: list[str] = []
        while True:
            line = self._link.read_line(deadline)
            if line is None:
                raise DamagedLineError("no m-ready")
            deadline = time.monotonic() + min(GAP_SECONDS, self._answer_seconds)
            if line == READY:
                break
            if line.startswith("c-"):
                checked.append(parse_checked(line))
            elif line.startswith("e-"):
                errors.append(line)
        return _Answer(tuple(checked), tuple(errors))

    def _sync(self, seconds: float) -> bool:
        """Bring both ends to the same place, within `seconds`: what came before is dropped.

        A fresh token is sent, and again, with growing patience, until the answer to the last one has
        come: by then nothing else can be under way.
        """
        deadline = time.monotonic() + seconds
        wait = FIRST_SYNC_WAIT
        while time.monotonic() < deadline:
            token = next(self._tokens)
            # The first `%` ends a command that lost its own end.
            self._link.write(b"%" + encode_command(f"sync {token}"))
            if self._echoed(token, min(deadline, time.monotonic() + wait)):
                return True
            wait *= 2
        return False

    def _echoed(self, token: int, deadline: float) -> bool:
        """Whether the echo of `token` and the `m-ready` behind it come before `deadline`."""
        found = False
        while (line := self._link.read_line(deadline)) is not None:
            if found and line == READY:
                return True
            with contextlib.suppress(DamagedLineError):
                parsed = parse_checked(line)
                found = parsed.name == "sync" and parsed.number("token") == token
        return False

    def _no_answer(self, seconds: float) -> SilentDeviceError | ProtocolError:
        if not self._link.seen:
            return SilentDeviceError(
                f"The device on {self._link.name} sent nothing within {seconds:.0f} s.",
                "Check that the firmware is flashed, the port is the board's, and the board has power.",
            )
        return ProtocolError(
            f"What came from {self._link.name} is no chipcast firmware's answer: {self._link.seen[-60:]!r}.",
            "Check the baud rate and that the firmware is flashed.",
        )


def _joined(lines: Sequence[CheckedLine], total: int) -> bytes:
    """The output bytes told in `c-out` lines; DamagedLineError where a piece is missing."""
    output = b""
    for line in lines:
        if line.number("offset") != len(output):
            raise DamagedLineError("a piece of the output is missing")
        output += decode_data(line.text("data"))
    if len(output) != total:
        raise DamagedLineError(f"{len(output)} of {total} output bytes came")
    return output


def _timer_error() -> TimerError:
    return TimerError(
        "The device's timer does not advance, so no time can be reported.",
        "Check the board file's timer: this part may lack it, or its clock may be off.",
    )

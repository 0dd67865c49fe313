"""A running chipcast firmware, spoken to over a Link.

Every answer is checked, and only what was damaged is asked for again.  An inference counts only when
the device's CRC of its input is that of the bytes meant, and its output is whole by its own CRC; the
device takes each numbered step once, however often it is asked for (docs/protocol.md).
"""

from __future__ import annotations

import contextlib
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from toolchain.errors import (
    DeviceError,
    PortError,
    ProtocolError,
    StaleFirmwareError,
    StateLostError,
    TimerError,
)
from toolchain.measure.conversation import ATTEMPTS, Conversation, Pace, RefusedError
from toolchain.measure.link import Link
from toolchain.measure.loading import Loader
from toolchain.measure.pieces import Pieces
from toolchain.measure.ports import LineOptions, open_link, present_ports
from toolchain.measure.protocol import CheckedLine, ReconnectedError
from toolchain.vocabulary.measurement import Identity, Inference, MemoryUse

PROTOCOL_VERSION = 2
ANSWER_SECONDS = 10.0
PROBE_SECONDS = 3.0
# From reset to the first answer: a simulator that starts on a busy computer is the slowest.
READY_SECONDS = 15.0
# Timed inferences asked for at once: few enough that a damaged line is soon made good.
TIME_BATCH = 50
_IDENTITY_LINES = ("id", "build", "model", "clock", "sizes", "line", "align")
# Numbers of steps are 19 digits at most; nobody gets there.
_OUT_PIECE_BYTES = 512
_LEAST_PIECE_BYTES = 12


@dataclass(frozen=True, slots=True)
class _Run:
    """A `c-run` line and the output pieces that came with it."""

    ticks: int
    output_crc: int
    output: Pieces


class Device:
    """Commands of docs/protocol.md as methods.  Use `Device.open`, or give it any Link."""

    def __init__(self, link: Link, *, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._talk = Conversation(link, answer_seconds=answer_seconds)
        self._loader = Loader(self._talk)
        self._run_pace = Pace()
        self._identity: Identity | None = None
        self._steps: int | None = None
        self._piece_bytes = _OUT_PIECE_BYTES

    @property
    def retries(self) -> int:
        """How often something had to be asked or sent again."""
        return self._talk.retries

    @classmethod
    @contextlib.contextmanager
    def open(
        cls,
        url: str,
        baud: int,
        *,
        answer_seconds: float = ANSWER_SECONDS,
        options: LineOptions | None = None,
    ) -> Iterator[Device]:
        """Open the port for this process alone; close it in every case.

        `url` is a path, a URL, or `usb:SERIALNUMBER`; `options` says how to treat DTR and RTS and
        whether to wait for a port that vanishes.
        """
        link = open_link(url, baud, options)
        try:
            yield cls(link, answer_seconds=answer_seconds)
        finally:
            link.close()

    @classmethod
    def find(
        cls,
        baud: int,
        *,
        board: str | None = None,
        build_id: str | None = None,
        ports: Sequence[str] | None = None,
        options: LineOptions | None = None,
    ) -> str:
        """The port on which firmware for `board`, or the build `build_id`, answers.

        Each of `ports` (all of this computer's) is asked, three seconds at most: bytes are sent to it, so
        it is for whoever knows what is plugged in.  `options` as for `open`; no port is waited for.

        Raises:
            PortError: none answers so, or several do.
        """
        found, told = [], []
        probing = replace(options or LineOptions(), reconnect_seconds=0.0, appear_seconds=0.0)
        for port in present_ports() if ports is None else ports:
            try:
                with cls.open(port, baud, answer_seconds=PROBE_SECONDS, options=probing) as device:
                    device.wait_until_ready(PROBE_SECONDS)
                    who = device.identify()
            except DeviceError as exc:
                told.append(f"{port}: {exc.problem}")
                continue
            told.append(f"{port}: board {who.board}, build {who.build_id[:12]}")
            if board in (None, who.board) and build_id in (None, who.build_id):
                found.append(port)
        if len(found) == 1:
            return found[0]
        wanted = " and ".join(
            text
            for text in (f"board {board}" if board else "", f"build {build_id[:12]}" if build_id else "")
            if text
        )
        raise PortError(
            f"{len(found) or 'No'} ports answer as {wanted or 'chipcast firmware'}: "
            f"{'; '.join(told) or 'there is no port'}.",
            "Name the port with --port.",
        )

    def wait_until_ready(self, seconds: float = READY_SECONDS) -> None:
        """Wait, at most `seconds`, until the firmware answers; a banner before that is passed over.

        Raises:
            SilentDeviceError: nothing at all came back.
            ProtocolError: bytes came back, but no chipcast firmware's (another baud rate is said so).
        """
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            with contextlib.suppress(ReconnectedError):
                if self._talk.sync(left):
                    return
        raise self._talk.no_answer(seconds)

    def identify(self) -> Identity:
        """What the firmware is.

        Raises:
            TimerError: the firmware found that its timer stands still.
            ProtocolError: another protocol version, or the memory is not aligned.
        """
        told: dict[str, CheckedLine] = {}

        def accept(line: CheckedLine) -> Identity | None:
            if line.name in _IDENTITY_LINES:
                told[line.name] = line
            if line.name == "id":
                _require_protocol(line)
            return _identity(told) if len(told) == len(_IDENTITY_LINES) else None

        self._identity = self._talk.ask("id", accept)
        return self._identity

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

        A model with state takes exactly one step.

        Raises:
            StateLostError: the device restarted, and with it a streaming model's state is gone; put it
                back with `reset_state` and run the sequence from its beginning.
            ProtocolError: damaged answers, again and again.
            SilentDeviceError, PortError, TimerError: as their names say.
        """
        identity = self._known(data)
        crc = zlib.crc32(data)
        for _ in range(ATTEMPTS):
            try:
                self._loader.load(data, chunk_bytes=identity.chunk_bytes, window_bytes=identity.window_bytes)
                step = self._steps_done()
                run = self._run(identity, crc)
                output = self._whole_output(run, identity.output_bytes)
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

    def _run(self, identity: Identity, input_crc: int) -> _Run:
        """The step after the last one, on the input whose CRC this is; RefusedError where it is not there."""
        step = self._steps_done() + 1
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
                pace=self._run_pace,
            )
        except RefusedError as exc:
            if exc.reason == "e-timer":
                raise _timer_error() from exc
            if exc.reason == "e-step":
                self._meet_step(identity, step - 1)
            raise
        self._steps = step
        return run

    def _meet_step(self, identity: Identity, expected: int) -> None:
        """The device counts its steps otherwise: it restarted, or someone else ran it."""
        self._steps = None
        done = self._steps_done()
        if identity.state_bytes and done != expected:
            raise StateLostError(
                f"The device on {self._talk.link.name} has taken {done} steps, not {expected}: it restarted, "
                "and the state of its streaming model is lost.",
                "Reset the model's state and run the sequence again from its beginning.",
            )

    def _steps_done(self) -> int:
        if self._steps is None:
            self._steps = self._talk.ask("steps", lambda line: _field(line, "steps", "done"))
        return self._steps

    def _whole_output(self, run: _Run, total: int) -> bytes | None:
        """The output, what is missing of it asked for; None where it cannot be had any more."""
        for _ in range(ATTEMPTS):
            try:
                self._fetch("out", "out", run.output)
            except RefusedError:
                return None
            if run.output.crc == run.output_crc:
                return run.output.content
            self._talk.retries += 1
            run.output.clear()
        return None

    def _fetch(self, command: str, name: str, pieces: Pieces) -> None:
        """Ask for what `pieces` lack, in smaller parts where answers are damaged.

        Raises:
            RefusedError: the device does not have it any more.
        """
        while (gap := pieces.first_gap()) is not None:
            offset, count = gap[0], min(gap[1], self._piece_bytes)
            part = Pieces(pieces.total)

            def accept(
                line: CheckedLine, part: Pieces = part, start: int = offset, end: int = offset + count
            ) -> bool | None:
                if line.name == name:
                    part.add(line)
                return True if part.covers(start, end) else None

            def at_end(part: Pieces = part) -> bool | None:
                self._piece_bytes = max(_LEAST_PIECE_BYTES, self._piece_bytes // 2)
                return True if part.has_any else None

            self._talk.ask(f"{command} {offset} {count}", accept, refusals=("e-no-run",), at_end=at_end)
            pieces.merge(part)

    def time(self, runs: int) -> tuple[int, ...]:
        """Ticks of each of `runs` inferences in a row on the input that is loaded.

        A model with state goes on from where it is, by `runs` steps or, where answers were damaged, more.

        Raises:
            TimerError: an inference took no tick.
        """
        ticks: list[int] = []
        while len(ticks) < runs:
            count = min(TIME_BATCH, runs - len(ticks))
            seen: dict[int, int] = {}

            def accept(
                line: CheckedLine, seen: dict[int, int] = seen, count: int = count
            ) -> list[int] | None:
                if line.name == "time":
                    seen[line.number("step")] = line.number("ticks")
                return list(seen.values()) if len(seen) == count else None

            def at_end(seen: dict[int, int] = seen) -> list[int] | None:
                return list(seen.values()) or None

            try:
                ticks += self._talk.ask(
                    f"time {count}", accept, refusals=("e-timer",), at_end=at_end, pace=self._run_pace
                )
            except RefusedError as exc:
                raise _timer_error() from exc
        self._steps = None
        self._settle()
        return tuple(ticks)

    def layer_ticks(self) -> tuple[int, ...] | None:
        """Timer ticks of each layer of the last inference; None when they were not built in.

        Raises:
            ProtocolError: there was no inference, or the device has restarted since.
        """
        layers = (self._identity or self.identify()).layers
        told: dict[int, int] = {}
        step = self._steps_done()

        def accept(line: CheckedLine) -> tuple[int, ...] | None:
            if line.name == "layer" and line.number("step") == step:
                told[line.number("index")] = line.number("ticks")
            return tuple(told[index] for index in range(layers)) if len(told) == layers else None

        try:
            return self._talk.ask("layers", accept, refusals=("e-unsupported", "e-no-run"))
        except RefusedError as exc:
            if exc.reason == "e-unsupported":
                return None
            raise ProtocolError(
                "The device has no layer times: it has not run the model since it started.", "Run it first."
            ) from exc

    def layer_outputs(self, layer: int, data: bytes) -> tuple[bytes, ...]:
        """The output tensors of layer number `layer` (from 0) on the input `data`, as they lie in memory.

        The firmware must be built with layer tensors.  A layer none of whose outputs is in the arena gives
        an empty tuple.  Layers before it leave their mark on a model's state: reset it afterwards.

        Raises:
            ProtocolError: built without, or damaged answers, again and again.
        """
        identity = self._known(data)
        crc = zlib.crc32(data)
        for _ in range(ATTEMPTS):
            try:
                self._loader.load(data, chunk_bytes=identity.chunk_bytes, window_bytes=identity.window_bytes)
                heads = self._dump(layer, crc)
                tensors = [self._tensor(number, *head) for number, head in enumerate(heads)]
            except ReconnectedError:
                self._talk.meet_again()
                continue
            except RefusedError as exc:
                if exc.reason == "e-unsupported":
                    raise ProtocolError(
                        "The firmware was built without layer tensors.", "Render it with `layer_tensors`."
                    ) from exc
                self._talk.retries += 1
                continue
            whole = [tensor for tensor in tensors if tensor is not None]
            if len(whole) == len(tensors):
                return tuple(whole)
        raise ProtocolError(
            f"The device on {self._talk.link.name} did not tell layer {layer} in {ATTEMPTS} tries.",
            "Check the board's power: it seems to reset.",
        )

    def _dump(self, layer: int, crc: int) -> list[tuple[int, int]]:
        """Size and CRC of each of the layer's outputs."""
        told: dict[int, tuple[int, int]] = {}
        count: list[int] = []

        def accept(line: CheckedLine) -> list[tuple[int, int]] | None:
            if line.name == "dump" and line.number("layer") == layer:
                told[line.number("output")] = (line.number("bytes"), line.crc("crc"))
            elif line.name == "dumped" and (line.number("layer"), line.crc("input")) == (layer, crc):
                count[:] = [line.number("outputs")]
            return [told[i] for i in range(len(told))] if count == [len(told)] else None

        return self._talk.ask(
            f"dump {layer} {crc:08X}",
            accept,
            refusals=("e-unsupported", "e-input"),
            pace=self._run_pace,
        )

    def _tensor(self, number: int, total: int, crc: int) -> bytes | None:
        pieces = Pieces(total)
        for _ in range(ATTEMPTS):
            self._fetch(f"tensor {number}", "tensor", pieces)
            if pieces.crc == crc:
                return pieces.content
            pieces.clear()
        return None

    def memory(self) -> MemoryUse:
        """High-water marks of stack and arena since boot."""

        def accept(line: CheckedLine) -> MemoryUse | None:
            if line.name != "memory":
                return None
            stack = None if line.text("stack") == "unknown" else line.number("stack")
            return MemoryUse(stack, line.number("reserve"), line.number("arena"), line.numbers("regions"))

        return self._talk.ask("memory", accept)

    def stack_bytes(self) -> int | None:
        """High-water mark of the stack in bytes; None where the board cannot tell.

        Raises:
            ProtocolError: the stack was used to its last byte, so it may have run over.
        """
        use = self.memory()
        if use.stack_bytes is not None and use.stack_bytes >= use.stack_reserve_bytes:
            raise ProtocolError(
                f"The stack used all of its {use.stack_reserve_bytes} bytes, so it may have overwritten "
                "other memory.",
                "Raise memory.stack_bytes in the board file, build and flash it again.",
            )
        return use.stack_bytes

    def reset_state(self) -> None:
        """Put a streaming model's variables back to their initial values; no step has been taken then."""
        self._talk.ask("reset", lambda line: line.name == "reset" or None)
        self._settle()
        self._steps = 0

    def measured_timer_hz(self, seconds: float = 1.0) -> tuple[float, float]:
        """The timer's rate by this computer's clock, and by how much it may be off (Hz, either way).

        The timer is read at both ends of `seconds`; each reading is uncertain by the time its answer took.
        Of no meaning for a simulated board, whose time is not this computer's.
        """
        first, first_at, first_error = self._reading()
        time.sleep(seconds)
        last, last_at, last_error = self._reading()
        elapsed = last_at - first_at
        rate = (last - first) / elapsed
        return rate, rate * (first_error + last_error) / elapsed

    def _reading(self) -> tuple[int, float, float]:
        """The best of eight: ticks, this computer's time amid the question, and half of what it took."""
        best = (0, 0.0, float("inf"))
        for _ in range(8):
            retries, begun = self.retries, time.monotonic()
            ticks = self._talk.ask("ticks", lambda line: _field(line, "ticks", "now"))
            half = (time.monotonic() - begun) / 2
            if self.retries == retries and half < best[2]:
                best = (ticks, begun + half, half)
        return best

    def _settle(self) -> None:
        """Whatever is still on its way is passed over."""
        if not self._talk.sync(self._talk.answer_seconds):
            raise self._talk.no_answer(self._talk.answer_seconds)

    def _known(self, data: bytes) -> Identity:
        identity = self._identity or self.identify()
        if len(data) != identity.input_bytes:
            raise ValueError(f"{len(data)} bytes for a model that takes {identity.input_bytes}")
        return identity


def _field(line: CheckedLine, name: str, key: str) -> int | None:
    return line.number(key) if line.name == name else None


def _require_protocol(who: CheckedLine) -> None:
    if who.number("protocol") != PROTOCOL_VERSION:
        raise ProtocolError(
            f"The firmware speaks protocol {who.text('protocol')}, this chipcast {PROTOCOL_VERSION}.",
            "Build and flash the firmware with this version.",
        )


def _identity(told: dict[str, CheckedLine]) -> Identity:
    who, clock, sizes, line = told["id"], told["clock"], told["sizes"], told["line"]
    if told["align"].text("status") != "ok":
        raise ProtocolError(
            "The firmware found its arena or model not aligned to 16 bytes.",
            "Check the linker script: the sections need ALIGN(16).",
        )
    if clock.text("status") != "ok":
        raise _timer_error()
    identity = Identity(
        protocol=PROTOCOL_VERSION,
        build_id=told["build"].text("id"),
        model_sha256=told["model"].text("sha256"),
        engine=who.text("engine"),
        board=who.text("board"),
        timer_hz=clock.number("hz"),
        input_bytes=sizes.number("input"),
        output_bytes=sizes.number("output"),
        arena_bytes=sizes.number("arena"),
        layers=sizes.number("layers"),
        chunk_bytes=line.number("chunk"),
        state_bytes=sizes.number("state"),
        timer_resolution=clock.number("resolution"),
        window_bytes=line.number("window"),
        layer_times=line.number("profile") == 1,
        layer_tensors=line.number("tensors") == 1,
        arena_regions=sizes.numbers("regions"),
    )
    if identity.chunk_bytes < 1:
        raise ProtocolError("The firmware takes no input (chunk=0).", "Build and flash it again.")
    return identity


def _timer_error() -> TimerError:
    return TimerError(
        "The device's timer does not advance, so no time can be reported.",
        "Check the board file's timer: this part may lack it, or its clock may be off.",
    )

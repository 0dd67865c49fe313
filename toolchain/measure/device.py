"""A running chipcast firmware, spoken to over a Link.

Every answer is checked, and only what was damaged is asked for again (docs/protocol.md).
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from toolchain.errors import DeviceError, PortError, ProtocolError, StaleFirmwareError
from toolchain.measure.conversation import Conversation, Pace, RefusedError
from toolchain.measure.fetching import Fetcher
from toolchain.measure.identity import ask_identity
from toolchain.measure.inferring import Inferences
from toolchain.measure.layer_reading import LayerReader
from toolchain.measure.link import Link
from toolchain.measure.loading import Loader
from toolchain.measure.ports import LineOptions, open_link, present_ports
from toolchain.measure.protocol import CheckedLine, ReconnectedError
from toolchain.measure.timer_rate import measure_timer_rate
from toolchain.vocabulary.measurement import ArenaNeed, Identity, Inference, MemoryUse, TimerRate

ANSWER_SECONDS = 10.0
PROBE_SECONDS = 3.0
# From reset to the first answer: a simulator that starts on a busy computer is the slowest.
READY_SECONDS = 15.0


class Device:
    """Commands of docs/protocol.md as methods.  Use `Device.open`, or give it any Link."""

    def __init__(self, link: Link, *, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._talk = Conversation(link, answer_seconds=answer_seconds)
        loader, fetcher, pace = Loader(self._talk), Fetcher(self._talk), Pace()
        self._inferences = Inferences(self._talk, loader, fetcher, pace)
        self._layers = LayerReader(self._talk, loader, fetcher, pace)
        self._identity: Identity | None = None

    @property
    def retries(self) -> int:
        """How often something had to be asked or sent again."""
        return self._talk.retries

    @property
    def faults(self) -> int:
        """How often the firmware told that it had faulted and restarted."""
        return self._talk.faults

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

    def identify(self, *, ready: bool = True) -> Identity:
        """What the firmware is; with `ready`, of one that can run its model.

        Raises:
            DeviceError: it interprets the model, and its interpreter could not be made ready.
            TimerError: the firmware found that its timer stands still.
            ProtocolError: another protocol version, or the memory is not aligned.
        """
        self._identity = ask_identity(self._talk, ready=ready)
        return self._identity

    def require_build(self, build_id: str, *, ready: bool = True) -> Identity:
        """Identify, and refuse any build but `build_id` (the id in the ELF file); `ready` as for `identify`.

        Raises:
            StaleFirmwareError: another build answered.
        """
        identity = self.identify(ready=ready)
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
            StateLostError: the device restarted, or the state was used by `time` or `layer_outputs`, and
                with it a streaming model's state is gone; put it back with `reset_state` and run the
                sequence from its beginning.
            ProtocolError: damaged answers, again and again, or a firmware that faults on every try.
            SilentDeviceError, PortError, TimerError: as their names say.
        """
        return self._inferences.infer(self._known(data), data)

    def time(self, runs: int) -> tuple[int, ...]:
        """Ticks of each of `runs` inferences in a row on the input of the last `infer`.

        A model with state goes on from where it is, by `runs` steps or, where answers were damaged, more: so
        its state is not known afterwards, and `infer` refuses until `reset_state`.

        Raises:
            TimerError: an inference took no tick.
        """
        return self._inferences.time(runs)

    def layer_ticks(self) -> tuple[int, ...] | None:
        """Timer ticks of each layer of the last inference; None when they were not built in.

        Raises:
            ProtocolError: there was no inference, or the device has restarted since.
        """
        layers = (self._identity or self.identify()).layers
        return self._layers.ticks(layers, self._inferences.steps())

    def layer_outputs(self, layer: int, data: bytes) -> tuple[bytes, ...]:
        """The output tensors of layer number `layer` (from 0) on the input `data`, as they lie in memory.

        The firmware must be built with layer tensors.  A layer none of whose outputs is in the arena gives
        an empty tuple.  Layers before it leave their mark on a model's state: `infer` refuses until
        `reset_state`.

        Raises:
            ProtocolError: built without, or damaged answers, again and again.
        """
        identity = self._known(data)
        if identity.state_bytes:
            self._inferences.state_was_used()
        return self._layers.outputs(identity, layer, data)

    def memory(self) -> MemoryUse:
        """High-water marks of stack and arena since boot."""

        def accept(line: CheckedLine) -> MemoryUse | None:
            if line.name != "memory":
                return None
            stack = None if line.text("stack") == "unknown" else line.number("stack")
            return MemoryUse(stack, line.number("reserve"), line.number("arena"), line.numbers("regions"))

        return self._talk.ask("memory", accept)

    def arena_need(self) -> ArenaNeed | None:
        """The smallest arena in which the model can be run, found by trying; None: this one is too small.

        The firmware must interpret its model and be built to tell.  A model's state is reset.

        Raises:
            ProtocolError: built without.
        """

        def accept(line: CheckedLine) -> ArenaNeed | None:
            if line.name != "arena":
                return None
            return ArenaNeed(line.number("size"), line.number("need"), line.number("used"))

        try:
            found = self._talk.ask("arena", accept, refusals=("e-unsupported",))
        except RefusedError as exc:
            raise ProtocolError(
                "The firmware was not built to try its arena.", "Deploy the model again."
            ) from exc
        self._inferences.were_reset()
        return found if found.need_bytes else None

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
        self._talk.settle()
        self._inferences.were_reset()

    def measured_timer_rate(self, seconds: float = 1.0) -> TimerRate:
        """The timer's rate by this computer's clock.

        Of no meaning for a simulated board, whose time is not this computer's.
        """
        return measure_timer_rate(self._talk, seconds)

    def _known(self, data: bytes) -> Identity:
        identity = self._identity or self.identify()
        if len(data) != identity.input_bytes:
            raise ValueError(f"{len(data)} bytes for a model that takes {identity.input_bytes}")
        return identity

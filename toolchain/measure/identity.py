"""What a firmware says of itself, asked for and checked."""

from __future__ import annotations

from toolchain.errors import DeviceError, ProtocolError, TimerError
from toolchain.measure.conversation import Conversation
from toolchain.measure.protocol import CheckedLine
from toolchain.vocabulary.measurement import Identity

PROTOCOL_VERSION = 2
_LINES = ("id", "build", "model", "clock", "sizes", "line", "align")


def ask_identity(talk: Conversation, *, ready: bool = True) -> Identity:
    """The answer to `id`; with `ready`, of a firmware that can run its model.

    Raises:
        DeviceError: the firmware interprets the model, and cannot make the interpreter ready.
        TimerError: the firmware found that its timer stands still.
        ProtocolError: another protocol version, or the memory is not aligned.
    """
    told: dict[str, CheckedLine] = {}

    def accept(line: CheckedLine) -> Identity | None:
        if line.name in _LINES:
            told[line.name] = line
        if line.name == "id":
            _require_protocol(line)
        return _identity(told, ready=ready) if len(told) == len(_LINES) else None

    return talk.ask("id", accept)


def timer_error() -> TimerError:
    """The error for a timer that was seen not to advance."""
    return TimerError(
        "The device's timer does not advance, so no time can be reported.",
        "Check the board file's timer: this part may lack it, or its clock may be off.",
    )


def _require_protocol(who: CheckedLine) -> None:
    if who.number("protocol") != PROTOCOL_VERSION:
        raise ProtocolError(
            f"The firmware speaks protocol {who.text('protocol')}, this chipcast {PROTOCOL_VERSION}.",
            "Build and flash the firmware with this version.",
        )


# What a firmware with an interpreter may say of its model, see the generated model's header.
_FAULTS = {
    "arena": "its arena is too small, or an operator refused its tensors",
    "schema": "the model file is of another schema version",
    "ports": "its inputs or outputs are not what the model file was read to have",
}


def _require_model(told: CheckedLine) -> None:
    """An interpreter says whether it could be made ready; compiled code has nothing to say."""
    status = told.fields.get("status", "ok")
    if status != "ok":
        raise DeviceError(
            f"The firmware's interpreter cannot run the model: {_FAULTS.get(status, status)}.",
            "Deploy the model again: the arena is measured then.",
        )


def _identity(told: dict[str, CheckedLine], *, ready: bool) -> Identity:
    who, clock, sizes, line = told["id"], told["clock"], told["sizes"], told["line"]
    if ready:
        _require_model(told["model"])
    if told["align"].text("status") != "ok":
        raise ProtocolError(
            "The firmware found its arena or model not aligned to 16 bytes.",
            "Check the linker script: the sections need ALIGN(16).",
        )
    if clock.text("status") != "ok":
        raise timer_error()
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
        timer_source=clock.fields.get("source", ""),
    )
    if identity.chunk_bytes < 1:
        raise ProtocolError("The firmware takes no input (chunk=0).", "Build and flash it again.")
    if identity.timer_hz < 1:
        raise ProtocolError("The firmware's timer runs at 0 Hz.", "Build and flash it again.")
    return identity

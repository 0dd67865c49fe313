"""The serial ports of this computer, and who answers on them: bounded, whatever is plugged in."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from serial.tools import list_ports

from toolchain.errors import DeviceError
from toolchain.measure.device import Device
from toolchain.measure.ports import LineOptions
from toolchain.vocabulary.attached import AttachedPort
from toolchain.vocabulary.measurement import Identity

# For the first answer, and for any one after it.
PROBE_SECONDS = 3.0
# For all of them together: a device that sends and sends must not keep the others waiting.
PATIENCE_SECONDS = 8.0


def attached_ports() -> tuple[AttachedPort, ...]:
    """All of them, those on USB first."""
    found = [
        AttachedPort(
            path=str(port.device),
            description=str(getattr(port, "description", None) or ""),
            vendor=getattr(port, "vid", None),
            product=getattr(port, "pid", None),
            serial_number=port.serial_number or None,
        )
        for port in list_ports.comports()
    ]
    return tuple(sorted(found, key=lambda port: (port.vendor is None, port.path)))


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking: an identity, or the reason why there is none."""

    identity: Identity | None
    reason: str


def ask_all(
    ports: Sequence[tuple[str, int, LineOptions]], *, seconds: float = PATIENCE_SECONDS
) -> tuple[Asked, ...]:
    """Ask the firmware on each of `ports` (path, baud rate, how to open it) who it is, all at once.

    Whoever has not answered after `seconds` is left where it is, in a thread that ends with this process.
    """
    answers: dict[int, Asked] = {}

    def ask(number: int) -> None:
        answers[number] = _ask(*ports[number])

    threads = [threading.Thread(target=ask, args=(number,), daemon=True) for number in range(len(ports))]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    late = Asked(None, f"It sends, but has told no identity within {seconds:.0f} s.")
    return tuple(answers.get(number, late) for number in range(len(ports)))


def _ask(path: str, baud: int, options: LineOptions) -> Asked:
    try:
        with Device.open(path, baud, answer_seconds=PROBE_SECONDS, options=options) as device:
            device.wait_until_ready(PROBE_SECONDS)
            return Asked(device.identify(), "")
    except DeviceError as error:
        return Asked(None, error.problem)

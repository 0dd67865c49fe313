"""What is plugged in: ports beside the USB ids of the board files, and the firmware that answers."""

from __future__ import annotations

from collections.abc import Sequence

from toolchain.measure.attached_ports import ask_all, attached_ports
from toolchain.measure.ports import LineOptions
from toolchain.vocabulary.attached import AttachedDevice, AttachedPort
from toolchain.vocabulary.board import Board
from toolchain.vocabulary.board_on_desk import UsbRole

_USUAL_BAUD = 115_200
_IN_BOOT_LOADER = "It is in its boot loader, where no firmware runs."
_FOREIGN = "It looks like no known board, so nothing was sent to it."


def attached_devices(
    boards: Sequence[Board], *, ask: bool = True, ask_foreign: bool = False, baud: int | None = None
) -> tuple[AttachedDevice, ...]:
    """Every port of this computer with the boards it looks like.

    With `ask`, a firmware on what looks like a board is asked who it is, at `baud` or the board's own rate;
    with `ask_foreign` on any port.  The ports are asked at once, and for some seconds at most.
    """
    seen = [(port, *_looks_like(port, boards)) for port in attached_ports()]
    asked = [
        (port, candidates)
        for port, candidates, role in seen
        if ask and role != "bootloader" and (candidates or ask_foreign)
    ]
    answers = ask_all([_how(port, candidates, baud) for port, candidates in asked])
    by_path = {port.path: answer for (port, _), answer in zip(asked, answers, strict=True)}
    devices = []
    for port, candidates, role in seen:
        answer = by_path.get(port.path)
        note = answer.reason if answer else _why_not_asked(role, ask=ask)
        identity = answer.identity if answer else None
        ids = tuple(board.id for board in candidates)
        devices.append(AttachedDevice(port, ids, role, identity, note))
    return tuple(devices)


def _looks_like(port: AttachedPort, boards: Sequence[Board]) -> tuple[list[Board], UsbRole | None]:
    """The boards whose files have the port's USB ids, and whose ids these are."""
    found = [
        (board, usb.role)
        for board in boards
        for usb in board.usb
        if (usb.vendor, usb.product) == (port.vendor, port.product)
    ]
    return [board for board, _ in found], found[0][1] if found else None


def _how(port: AttachedPort, candidates: Sequence[Board], baud: int | None) -> tuple[str, int, LineOptions]:
    """As the first of the boards it may be is opened: those that share USB ids share what is behind them."""
    if not candidates:
        return port.path, baud or _USUAL_BAUD, LineOptions()
    serial = candidates[0].serial
    return port.path, baud or serial.baud, LineOptions(dtr=serial.dtr, rts=serial.rts)


def _why_not_asked(role: UsbRole | None, *, ask: bool) -> str:
    if not ask:
        return ""
    return _IN_BOOT_LOADER if role == "bootloader" else _FOREIGN

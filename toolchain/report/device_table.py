"""What is plugged in, as text and as JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from toolchain.vocabulary.attached import AttachedDevice


def device_as_dict(device: AttachedDevice) -> dict[str, object]:
    """Port, boards, and the whole identity."""
    port, identity = device.port, device.identity
    return {
        "port": port.path,
        "description": port.description,
        "usb": _usb(device) or None,
        "serial_number": port.serial_number,
        "boards": list(device.boards),
        "role": device.role,
        "firmware": None if identity is None else dataclasses.asdict(identity),
        "note": device.note or None,
    }


def device_list(devices: Sequence[AttachedDevice]) -> list[RenderableType]:
    """One port a row, and below the table what there is to say of some of them."""
    if not devices:
        return ["This computer has no serial ports."]
    table = Table(box=None, pad_edge=False)
    for heading in ("port", "USB", "serial number", "looks like", "firmware"):
        table.add_column(heading, overflow="fold")
    for device in devices:
        table.add_row(
            Text(device.port.path),
            _usb(device) or "–",
            Text(device.port.serial_number or "–"),
            " or ".join(device.boards) or "–",
            _firmware(device),
        )
    notes = [Text(f"{device.port.path}: {device.note}", style="dim") for device in devices if device.note]
    return [table, *notes]


def _usb(device: AttachedDevice) -> str:
    """Vendor and product as lsusb writes them; nothing for a port that is not on USB."""
    port = device.port
    if port.vendor is None or port.product is None:
        return ""
    return f"{port.vendor:04x}:{port.product:04x}"


def _firmware(device: AttachedDevice) -> str:
    identity = device.identity
    if identity is None:
        return "–"
    return f"{identity.board}, {identity.engine}, build {identity.build_id[:12]}"

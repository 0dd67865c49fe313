"""A Firmware as text and as JSON."""

from __future__ import annotations

import dataclasses

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from toolchain.report.units import optional
from toolchain.vocabulary.firmware import Firmware

SCHEMA = "chipcast.firmware/1"


def firmware_as_dict(firmware: Firmware) -> dict[str, object]:
    """Every field, paths as text."""
    fields = dataclasses.asdict(firmware)
    return {"schema": SCHEMA, **fields, "project": str(firmware.project), "elf": str(firmware.elf)}


def firmware_as_text(firmware: Firmware) -> list[RenderableType]:
    """Sizes and where the ELF file is."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column(f"bytes on {firmware.board}")
    table.add_column("", justify="right")
    for label, value in (
        ("flash", firmware.flash_bytes),
        ("  weights", firmware.weights_bytes),
        ("  tables", firmware.tables_bytes),
        ("  code", firmware.code_bytes),
        ("RAM", firmware.ram_bytes),
        ("  arena", firmware.arena_bytes),
        *((f"    in {name}", bytes_) for name, bytes_ in firmware.arena_regions.items()),
        ("  stack of the model, static bound", firmware.model_stack_bytes),
    ):
        table.add_row(label, optional(value))
    return [
        table,
        "",
        Text(f"build {firmware.build_id[:12]}, {firmware.compiler}"),
        Text(f"firmware: {firmware.elf}", overflow="fold"),
    ]

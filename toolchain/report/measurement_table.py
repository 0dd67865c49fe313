"""A ProjectMeasurement as text and as JSON."""

from __future__ import annotations

import dataclasses

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from toolchain.report.firmware_table import firmware_as_dict
from toolchain.report.json_file import accuracy_as_dict, timing_as_dict
from toolchain.report.terminal import timing_as_text
from toolchain.report.units import grouped, optional, percentage
from toolchain.vocabulary.report import ProjectMeasurement

SCHEMA = "chipcast.measurement/1"


def measurement_as_dict(result: ProjectMeasurement) -> dict[str, object]:
    """Every figure with what produced it."""
    return {
        "schema": SCHEMA,
        "board": result.board,
        "engine": result.engine,
        "identity": dataclasses.asdict(result.identity),
        "firmware": firmware_as_dict(result.firmware),
        "timing": timing_as_dict(result.timing),
        "stack_bytes": result.stack_bytes,
        "accuracy": accuracy_as_dict(result.accuracy),
        "parity": dataclasses.asdict(result.parity) if result.parity else None,
    }


def measurement_as_text(result: ProjectMeasurement) -> list[RenderableType]:
    """Timing, accuracy, parity."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column("what")
    table.add_column("value", justify="right")
    samples = result.accuracy.samples
    if samples:
        table.add_row(f"accuracy on the host ({samples} samples)", percentage(result.accuracy.int8_host))
        table.add_row("accuracy on the device", percentage(result.accuracy.device))
    table.add_row("stack, high-water mark (bytes)", optional(result.stack_bytes))
    parity = result.parity
    if parity is None:
        verdict = Text("parity: not known, the project folder holds no model.tflite")
    else:
        verdict = Text(
            f"parity: {grouped(parity.mismatched_bytes)} of {grouped(parity.compared_bytes)} bytes differ "
            f"from {parity.oracle}",
            style="bold red" if parity.mismatched_bytes else "green",
        )
    return [
        Text(f"{result.board}, build {result.identity.build_id[:12]}", style="bold"),
        "",
        *timing_as_text(result.timing),
        "",
        table,
        verdict,
    ]

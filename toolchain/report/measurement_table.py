"""A ProjectMeasurement as text and as JSON."""

from __future__ import annotations

import dataclasses

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from toolchain.report.firmware_table import firmware_as_dict
from toolchain.report.json_file import accuracy_as_dict, provenance_as_dict, timing_as_dict
from toolchain.report.terminal import layers_as_text, parity_as_text, state_as_text, timing_as_text
from toolchain.report.units import interval, optional, percentage
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
        "provenance": provenance_as_dict(result.provenance),
    }


def measurement_as_text(result: ProjectMeasurement) -> list[RenderableType]:
    """Timing, accuracy, parity."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column("what")
    table.add_column("value", justify="right")
    table.add_column("interval")
    accuracy = result.accuracy
    if accuracy.samples:
        table.add_row(
            f"accuracy on the host ({accuracy.samples} samples)",
            percentage(accuracy.int8_host),
            interval(accuracy.int8_host_interval),
        )
        table.add_row(
            "accuracy on the device", percentage(accuracy.device), interval(accuracy.device_interval)
        )
    table.add_row("stack, high-water mark (bytes)", optional(result.stack_bytes), "")
    verdict: list[RenderableType] = (
        [Text("parity: not known, the project folder holds no model.tflite")]
        if result.parity is None
        else parity_as_text(result.parity)
    )
    layers = result.timing.per_layer
    return [
        Text(f"{result.board}, build {result.identity.build_id[:12]}", style="bold"),
        "",
        *timing_as_text(result.timing),
        *(["", *layers_as_text(result.timing)] if layers else []),
        "",
        table,
        *verdict,
        *state_as_text(result.provenance),
        *_resumed(result),
    ]


def _resumed(result: ProjectMeasurement) -> list[RenderableType]:
    before = result.provenance.resumed_from if result.provenance else 0
    if not before:
        return []
    return [Text(f"{before:,} of {result.timing.runs:,} inferences were in the journal already", style="dim")]

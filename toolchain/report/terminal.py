"""A Report as the tables that a terminal shows (80 columns, readable without colour)."""

from __future__ import annotations

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from toolchain.report.units import grouped, optional, percentage
from toolchain.vocabulary.measurement import Timing
from toolchain.vocabulary.report import Report

_KIND_NOTES = {
    "counted": "counted: instructions executed in the simulator; neither cycles nor time",
    "measured": "measured: by the board's own timer",
    "host": "host: wall time on this computer; says nothing about a microcontroller",
    "estimated": "estimated: from a model",
}


def report_as_text(report: Report) -> list[RenderableType]:
    """The parts of the report, top to bottom."""
    parts: list[RenderableType] = [
        Text(f"{report.model.name} on {report.board}, engine {report.engine}", style="bold"),
        "",
        _accuracy(report),
        "",
        _sizes(report),
        "",
        *timing_as_text(report.timing),
    ]
    if report.timing.per_layer:
        parts += ["", _layers(report.timing)]
    return [*parts, "", *_closing(report)]


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for index, heading in enumerate(headings):
        table.add_column(heading, justify="right" if index else "left")
    return table


def _accuracy(report: Report) -> Table:
    samples = report.accuracy.samples
    table = _table("accuracy", f"on {samples} samples" if samples else "no labels")
    for step in report.optimise:
        table.add_row(f"float, before {step.step}", percentage(step.accuracy_before))
        zeros = "" if step.sparsity is None else f" ({100 * step.sparsity:.0f} % zeros)"
        table.add_row(f"float, after {step.step}{zeros}", percentage(step.accuracy_after))
    if not report.optimise:
        table.add_row("float", percentage(report.accuracy.float_model))
    table.add_row("int8 on the host", percentage(report.accuracy.int8_host))
    table.add_row("int8 on the device", percentage(report.accuracy.device))
    return table


def _sizes(report: Report) -> Table:
    model, firmware = report.model, report.firmware
    table = _table("bytes", "")
    for label, value in (
        ("model file, float", model.float_bytes),
        ("model file, int8", model.int8_bytes),
        ("model file, int8, gzip", model.int8_gzip_bytes),
        ("firmware flash", firmware.flash_bytes),
        ("  weights", firmware.weights_bytes),
        ("  code", firmware.code_bytes),
        ("firmware RAM", firmware.ram_bytes),
        ("  arena", firmware.arena_bytes),
        ("  stack, high-water mark", firmware.stack_bytes),
        ("  stack of the model, static bound", firmware.model_stack_bytes),
    ):
        table.add_row(label, optional(value))
    return table


def timing_as_text(timing: Timing) -> list[RenderableType]:
    """The summary row, and what its kind means."""
    table = _table(f"{timing.unit} an inference", "min", "median", "max", "runs", "kind")
    table.add_row(
        "",
        grouped(timing.min),
        grouped(timing.median),
        grouped(timing.max),
        grouped(timing.runs),
        timing.kind.value,
    )
    return [table, Text(_KIND_NOTES[timing.kind.value], style="dim")]


def _layers(timing: Timing) -> Table:
    layers = timing.per_layer or ()
    total = sum(layer.value for layer in layers) or 1
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("layer", overflow="ellipsis", no_wrap=True, max_width=34)
    table.add_column("operator")
    table.add_column(timing.unit, justify="right")
    table.add_column("share", justify="right")
    for layer in layers:
        table.add_row(layer.name, layer.op, grouped(layer.value), f"{100 * layer.value / total:.1f} %")
    return table


def _closing(report: Report) -> list[RenderableType]:
    parity = report.parity
    good = parity.mismatched_bytes == 0
    return [
        Text(
            f"parity: {grouped(parity.mismatched_bytes)} of {grouped(parity.compared_bytes)} bytes differ "
            f"from {parity.oracle}",
            style="green" if good else "bold red",
        ),
        Text(f"build {report.firmware.build_id[:12]}, model {report.model.sha256[:12]}"),
        Text(f"compiler: {report.firmware.compiler}"),
        Text(f"report: {report.folder / 'report.json'}", overflow="fold"),
    ]

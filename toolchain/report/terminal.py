"""A Report as the tables that a terminal shows (80 columns, readable without colour)."""

from __future__ import annotations

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from toolchain.report.engine_table import engines_as_text
from toolchain.report.kernel_table import kernels_as_text
from toolchain.report.points_table import budget_as_text, forms_as_text, points_as_text
from toolchain.report.units import grouped, interval, megahertz, optional, percentage
from toolchain.vocabulary.measurement import Parity, Timing
from toolchain.vocabulary.report import Provenance, RemovedChannels, Report

_OUTLIERS_SHOWN = 6
_KIND_NOTES = {
    "counted": "counted: instructions run in the simulator; neither cycles nor time",
    "measured": "measured: by the board's own timer",
    "host": "host: wall time on this computer; says nothing about a microcontroller",
    "estimated": "estimated: from a model",
}

_STATE_WORDS = {
    "each-sample": "the model's state was reset before each sample (--reset-state never keeps it)",
    "never": "the model's state went from sample to sample (--reset-state each-sample resets it)",
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
    if report.points:
        parts += ["", *points_as_text(report.points)]
    parts += removed_as_text(report.removed)
    parts += engines_as_text(report.engines)
    parts += [*forms_as_text(report.forms), *budget_as_text(report.budget)]
    if report.timing.per_layer:
        parts += ["", *layers_as_text(report.timing), *kernels_as_text(report.kernels)]
    return [*parts, "", *_closing(report)]


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for index, heading in enumerate(headings):
        table.add_column(heading, justify="right" if index else "left")
    return table


def _accuracy(report: Report) -> Table:
    samples = report.accuracy.samples
    table = _table("accuracy", f"on {samples} samples" if samples else "no labels", "")
    table.add_row("float", percentage(report.accuracy.float_model), _of_other_samples(report))
    accuracy = report.accuracy
    table.add_row("int8 on the host", percentage(accuracy.int8_host), interval(accuracy.int8_host_interval))
    table.add_row("int8 on the device", percentage(accuracy.device), interval(accuracy.device_interval))
    return table


def _of_other_samples(report: Report) -> str:
    """On how many samples the float model was judged, where the device ran only some of them."""
    score = report.points[-1].score if report.points else None
    return f"on {score.samples}" if score and score.samples != report.accuracy.samples else ""


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
        *((f"    in {region.name}", region.bytes) for region in report.memory.regions),
        ("  stack, high-water mark", firmware.stack_bytes),
        ("  stack of the model, static bound", firmware.model_stack_bytes),
    ):
        table.add_row(label, optional(value))
    return table


def removed_as_text(removed: RemovedChannels | None) -> list[RenderableType]:
    """How much of the model is not computed at all; nothing where every weight is."""
    if removed is None:
        return []
    constant = sum(len(tensor.constant) for tensor in removed.tensors)
    unread = sum(len(tensor.unread) for tensor in removed.tensors)
    of = sum(tensor.channels for tensor in removed.tensors)
    return [
        "",
        Text(
            f"left out, outputs unchanged: {grouped(constant + unread)} of {grouped(of)} channels in "
            f"{grouped(len(removed.tensors))} tensors ({grouped(constant)} constant, {grouped(unread)} that "
            f"no weight reads; report.json has which); "
            f"MACs {grouped(removed.model_macs)} → {grouped(removed.macs)} (--keep-channels computes all)"
        ),
    ]


def timing_as_text(timing: Timing) -> list[RenderableType]:
    """The summary row, what its kind means, and the runs that stand apart."""
    table = _table(timing.unit, "min", "median", "p95", "max", "runs", "kind")
    table.add_row(
        "an inference",
        grouped(timing.min),
        grouped(timing.median),
        optional(timing.p95),
        grouped(timing.max),
        grouped(timing.runs),
        timing.kind.value,
    )
    return [table, Text(_kind_note(timing), style="dim"), *_outliers(timing)]


def _kind_note(timing: Timing) -> str:
    """What the figures are worth; for a board's own timer also the clock, which is part of the figure."""
    words = f"estimated: {timing.model}" if timing.model else _KIND_NOTES[timing.kind.value]
    if timing.timer_note:
        words += f", {timing.timer_note}"
    if timing.kind.value == "measured" and timing.clock_hz:
        words += f", core at {megahertz(timing.clock_hz)}"
        if timing.measured_clock_hz is not None:
            words += f" ({timing.measured_clock_hz / 1e6:.4g} MHz by this computer's clock)"
    return words + (f"; {timing.warm_up} warm-ups" if timing.warm_up else "")


def _outliers(timing: Timing) -> list[RenderableType]:
    """Counted in every figure above, and listed; a long list is cut here, not in the JSON."""
    if not timing.outliers:
        return []
    shown = ", ".join(
        f"{grouped(outlier.value)} (run {outlier.run})" for outlier in timing.outliers[:_OUTLIERS_SHOWN]
    )
    more = len(timing.outliers) - _OUTLIERS_SHOWN
    return [
        Text(f"outliers, counted too: {shown}" + (f" and {more} more" if more > 0 else "")),
        Text(f"outlier: {timing.outlier_rule}", style="dim"),
    ]


def layers_as_text(timing: Timing) -> list[RenderableType]:
    """One row a layer: its share, its multiply-accumulates, and what one of them costs."""
    layers = timing.per_layer or ()
    total = sum(layer.value for layer in layers) or 1
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("layer", overflow="ellipsis", no_wrap=True, max_width=20)
    table.add_column("operator", overflow="ellipsis", no_wrap=True, max_width=17)
    for heading in (timing.unit, "share", "MACs", "a MAC"):
        table.add_column(heading, justify="right")
    for layer in layers:
        cost = layer.per_mac
        table.add_row(
            Text(layer.name),
            layer.op,
            grouped(layer.value),
            f"{100 * layer.value / total:.1f} %",
            grouped(layer.macs) if layer.macs else "–",
            "–" if cost is None else f"{cost:.2f}",
        )
    return [table, Text(f"{timing.kind.value}, of the last inference", style="dim")]


def parity_as_text(parity: Parity) -> list[RenderableType]:
    """How many bytes differ, and where it begins."""
    lines: list[RenderableType] = [
        Text(
            f"parity: {grouped(parity.mismatched_bytes)} of {grouped(parity.compared_bytes)} bytes differ "
            f"from {parity.oracle}",
            style="bold red" if parity.mismatched_bytes else "green",
        )
    ]
    found = parity.divergence
    if found is not None:
        lines.append(
            Text(
                f"first diverging layer: {found.layer} {found.operator} {found.name}, channel "
                f"{found.channel}: expected {found.expected}, got {found.got} (element {found.element}, "
                f"sample {found.sample}; {grouped(found.differing_elements)} of {grouped(found.elements)} "
                "values differ)",
                style="bold red",
            )
        )
    return lines


def state_as_text(provenance: Provenance | None) -> list[RenderableType]:
    """What was done about a model's state, and what the device went through."""
    lines: list[RenderableType] = []
    if provenance is None:
        return lines
    if provenance.state_reset is not None:
        lines.append(Text(_STATE_WORDS[provenance.state_reset.value], style="dim"))
    if provenance.device_faults:
        lines.append(Text(f"the firmware faulted {provenance.device_faults} times", style="bold red"))
    return lines


def _closing(report: Report) -> list[RenderableType]:
    return [
        *parity_as_text(report.parity),
        *state_as_text(report.provenance),
        Text(f"build {report.firmware.build_id[:12]}, model {report.model.sha256[:12]}"),
        Text(f"compiler: {report.firmware.compiler}"),
        Text(f"report: {report.folder / 'report.json'}", overflow="fold"),
    ]

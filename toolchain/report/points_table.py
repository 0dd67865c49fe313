"""The model as given and after each step: what every step cost and what it bought."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from itertools import pairwise

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from toolchain.report.inspection_table import figures_as_dict
from toolchain.report.units import energy, grouped, optional, percentage
from toolchain.vocabulary.budget import BudgetCheck
from toolchain.vocabulary.model_figures import ModelFigures
from toolchain.vocabulary.optimisation_report import (
    ModelCost,
    OptimisationReport,
    OtherForm,
    Point,
    TargetCost,
    is_noise,
    quantisation_loses,
)
from toolchain.vocabulary.score import Score

SCHEMA = "chipcast.optimisation/1"
_MET = {True: "kept", False: "BROKEN", None: "not checked (no board)"}


# JSON -------------------------------------------------------------------------------------------------


def optimisation_as_dict(report: OptimisationReport) -> dict[str, object]:
    """The whole report; what is not known is null."""
    return {
        "schema": SCHEMA,
        "name": report.name,
        "source": report.source,
        "board": report.board,
        "points": points_as_dict(report.points),
        "forms": forms_as_dict(report.forms),
        "budget": budget_as_dict(report.budget),
        "model_file": str(report.model_file),
        "tflite_file": str(report.tflite_file),
    }


def points_as_dict(points: Sequence[Point]) -> list[dict[str, object]]:
    """Every point; `within_noise` compares the float metric with the point before.

    `quantisation_loses` compares it with the converted model's.
    """
    found: list[dict[str, object]] = []
    for index, point in enumerate(points):
        before = points[index - 1].score if index else None
        found.append(
            {
                "label": point.label,
                "settings": dict(point.settings),
                "score": _score_as_dict(point.score),
                "within_noise": is_noise(before, point.score),
                "quantisation_loses": quantisation_loses(point),
                "network": figures_as_dict(point.network),
                "converted": _cost_as_dict(point.cost),
                "problem": point.problem,
            }
        )
    return found


def _score_as_dict(score: Score | None) -> dict[str, object] | None:
    return None if score is None else {**dataclasses.asdict(score), "interval": list(score.interval)}


def _cost_as_dict(cost: ModelCost | None) -> dict[str, object] | None:
    if cost is None:
        return None
    return {
        "activations": cost.activations,
        "file_bytes": cost.file_bytes,
        "gzip_bytes": cost.gzip_bytes,
        "score": _score_as_dict(cost.score),
        "energy": None if cost.energy is None else dataclasses.asdict(cost.energy),
        "target": _target_as_dict(cost.target),
        "figures": figures_as_dict(cost.figures),
    }


def _target_as_dict(target: TargetCost | None) -> dict[str, object] | None:
    if target is None:
        return None
    timing = target.timing
    return {
        "board": target.board,
        "flash_bytes": target.flash_bytes,
        "ram_bytes": target.ram_bytes,
        "arena_bytes": target.arena_bytes,
        "kind": timing.kind.value,
        "unit": timing.unit,
        "median": timing.median,
        "max": timing.max,
        "runs": timing.runs,
    }


def forms_as_dict(forms: Sequence[OtherForm]) -> list[dict[str, object]]:
    """Every other form; none runs on a target."""
    return [{**dataclasses.asdict(form), "score": _score_as_dict(form.score)} for form in forms]


def budget_as_dict(checks: Sequence[BudgetCheck]) -> list[dict[str, object]]:
    """Every limit, what was found, and whether it holds (null: not checked)."""
    return [{**dataclasses.asdict(check), "met": check.is_met} for check in checks]


# Text -------------------------------------------------------------------------------------------------


def optimisation_as_text(report: OptimisationReport) -> list[RenderableType]:
    """The tables that a terminal shows, 80 columns."""
    where = f" on {report.board}" if report.board else ", no board"
    return [
        Text(f"{report.name}{where}", style="bold"),
        "",
        *points_as_text(report.points),
        *forms_as_text(report.forms),
        *budget_as_text(report.budget),
        "",
        Text(f"float model: {report.model_file}", overflow="fold"),
        Text(f"integer model: {report.tflite_file}", overflow="fold"),
        Text(f"report: {report.folder / 'optimisation.json'}", overflow="fold"),
    ]


def points_as_text(points: Sequence[Point]) -> list[RenderableType]:
    """One row a point in each table, and what the steps did to the metric."""
    parts: list[RenderableType] = [_networks(points), "", _costs(points)]
    if any(point.cost and point.cost.energy for point in points):
        parts.append(Text(_energy_note(points), style="dim"))
    parts += [Text(f"{point.label}: {point.problem}", style="yellow") for point in points if point.problem]
    parts += [Text(_loss(point), style="yellow") for point in points if quantisation_loses(point)]
    verdicts = _verdicts(points)
    return [*parts, *(["", *verdicts] if verdicts else [])]


def _networks(points: Sequence[Point]) -> Table:
    metric = next((point.score.metric for point in points if point.score), "model")
    form = next((point.cost.activations for point in points if point.cost), "int8")
    table = _table(metric, "float", form, "parameters", "zeros", form, "MACs", "FLOPs")
    for point in points:
        cost, network = point.cost, point.network
        counted = cost.figures if cost else network
        table.add_row(
            Text(point.label),
            _value(point.score),
            _value(cost.score if cost else None),
            grouped(network.parameters),
            _zeros(network),
            _zeros(cost.figures) if cost else "–",
            optional(counted.macs),
            optional(counted.flops),
        )
    return table


def _costs(points: Sequence[Point]) -> Table:
    timing = next((p.cost.target.timing for p in points if p.cost and p.cost.target), None)
    unit = timing.unit if timing else "time"
    table = _table("bytes", ".tflite", "gzip", "flash", "RAM", unit, "energy")
    for point in points:
        cost = point.cost
        target = cost.target if cost else None
        table.add_row(
            Text(point.label),
            optional(cost.file_bytes if cost else None),
            optional(cost.gzip_bytes if cost else None),
            optional(target.flash_bytes if target else None),
            optional(target.ram_bytes if target else None),
            optional(target.timing.median if target else None),
            energy(cost.energy.total_nj) if cost and cost.energy else "–",
        )
    if timing:
        table.caption = f"{unit}: {timing.kind.value}, median"
        table.caption_justify = "left"
    return table


def _energy_note(points: Sequence[Point]) -> str:
    found = next(point.cost.energy for point in points if point.cost and point.cost.energy)
    return (
        f"energy: {found.kind.value} from {found.table} ({found.source}), without instructions: "
        "to compare models by, not batteries"
    )


def _loss(point: Point) -> str:
    """Of a point that loses by being converted: how much, and what may help."""
    assert point.cost is not None
    wide = point.cost.activations == "int16"
    remedies = (
        "more calibration samples" if wide else "range = 'mse' or activations = 'int16' under [convert]"
    )
    return (
        f"{point.label}: {point.cost.activations} has {_value(point.cost.score)} where float has "
        f"{_value(point.score)}, more than noise is lost; try {remedies}, or the step qat"
    )


def _verdicts(points: Sequence[Point]) -> list[RenderableType]:
    """What each step did to the float metric, and the int model at the end beside that at the start."""
    lines: list[RenderableType] = [
        Text(_verdict(after.label, before.score, after.score))
        for before, after in pairwise(points)
        if before.score and after.score
    ]
    first, last = points[0].cost, points[-1].cost
    if len(points) > 1 and first and last and first.score and last.score:
        lines.append(Text(_verdict(last.activations, first.score, last.score)))
    return lines


def _verdict(label: str, before: Score | None, after: Score | None) -> str:
    if before is None or after is None:
        return f"{label}: not known"
    low, high = (_figure(before, bound) for bound in before.interval)
    change = f"{label}: {before.metric} {_value(before)} → {_value(after)}"
    if is_noise(before, after):
        return f"{change}, within the noise ({low}…{high}, {before.method} 95 %, {before.samples} samples)"
    better = (after.value > before.value) == before.higher_is_better
    return f"{change}, {'better' if better else 'worse'} than {low}…{high} ({before.method} 95 %)"


def forms_as_text(forms: Sequence[OtherForm]) -> list[RenderableType]:
    """Nothing where there are none."""
    if not forms:
        return []
    table = _table("for comparison", "metric", ".tflite", "gzip", "on a target")
    for form in forms:
        table.add_row(form.form, _value(form.score), grouped(form.file_bytes), grouped(form.gzip_bytes), "no")
    return ["", table, Text("these compute in float: they do not run on the target", style="dim")]


def budget_as_text(checks: Sequence[BudgetCheck]) -> list[RenderableType]:
    """Nothing where there is no budget."""
    if not checks:
        return []
    table = _table("budget", "limit", "found", "", first_width=30)
    for check in checks:
        found = "–" if check.found is None else f"{check.found:,.6g}"
        style = "bold red" if check.is_met is False else ""
        table.add_row(
            f"{check.key}, {check.unit}", f"{check.limit:,.6g}", found, _MET[check.is_met], style=style
        )
    return ["", table]


def _table(*headings: str, first_width: int = 16) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for index, heading in enumerate(headings):
        table.add_column(
            heading,
            justify="right" if index else "left",
            no_wrap=True,
            overflow="ellipsis",
            max_width=None if index else first_width,
        )
    return table


def _zeros(figures: ModelFigures) -> str:
    return "–" if figures.sparsity is None else f"{100 * figures.sparsity:.1f} %"


def _figure(score: Score, value: float) -> str:
    """A share as per cent; an error as it is."""
    return percentage(value) if score.metric in ("accuracy", "auc") else f"{value:.4g}"


def _value(score: Score | None) -> str:
    return "–" if score is None else _figure(score, score.value)

"""Several engines side by side: the same model, data and board."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from toolchain.report.units import grouped, optional
from toolchain.vocabulary.report import EngineFigures, EngineResult


def engines_as_dict(engines: Sequence[EngineResult]) -> list[dict[str, object]]:
    """Every engine's figures, null where it cannot run the model; then `problem` says why."""
    return [
        {
            "engine": result.engine,
            "figures": None if result.figures is None else _figures_as_dict(result.figures),
            "problem": result.problem,
        }
        for result in engines
    ]


def _figures_as_dict(figures: EngineFigures) -> dict[str, object]:
    timing = figures.timing
    return {
        **{field.name: getattr(figures, field.name) for field in dataclasses.fields(figures)},
        "timing": {
            "kind": timing.kind.value,
            "unit": timing.unit,
            "min": timing.min,
            "median": timing.median,
            "max": timing.max,
            "runs": timing.runs,
        },
        "parity": dataclasses.asdict(figures.parity),
    }


_ROWS: tuple[tuple[str, Callable[[EngineFigures], str]], ...] = (
    ("flash, bytes", lambda figures: grouped(figures.flash_bytes)),
    ("  weights, or the model file", lambda figures: grouped(figures.weights_bytes)),
    ("  code", lambda figures: grouped(figures.code_bytes)),
    ("RAM, bytes", lambda figures: grouped(figures.ram_bytes)),
    ("  arena", lambda figures: grouped(figures.arena_bytes)),
    ("stack, high-water mark", lambda figures: optional(figures.stack_bytes)),
    ("bytes unlike the reference's", lambda figures: grouped(figures.parity.mismatched_bytes)),
    ("bytes unlike the first engine's", lambda figures: grouped(figures.differing_bytes)),
)


def engines_as_text(engines: Sequence[EngineResult]) -> list[RenderableType]:
    """One column an engine; nothing where there is only one."""
    if not engines:
        return []
    known = [result.figures for result in engines if result.figures is not None]
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("engines side by side")
    for result in engines:
        table.add_column(result.engine, justify="right")
    for figures in known[:1]:
        # One board, one timer: all are of the same kind.
        label = f"{figures.timing.unit}, median ({figures.timing.kind.value})"
        table.add_row(label, *_cells(engines, lambda each: grouped(each.timing.median)))
    for label, of in _ROWS:
        table.add_row(label, *_cells(engines, of))
    problems = [Text(f"{r.engine}: {r.problem}", style="bold red") for r in engines if r.problem]
    return ["", table, *problems]


def _cells(engines: Sequence[EngineResult], of: Callable[[EngineFigures], str]) -> list[str]:
    return ["–" if result.figures is None else of(result.figures) for result in engines]

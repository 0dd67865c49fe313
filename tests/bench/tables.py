"""Costs as text: one table over all models, one a model over its layers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tests.bench.cortex_m4_timing import MODEL
from tests.bench.cost import ModelCost
from tests.bench.figures import Book, Figures

_NAME_WIDTH = 34


def overview(costs: Sequence[ModelCost], book: Book) -> str:
    """Every model against what it is held against; a column a model."""
    known = [(cost, book.models.get(cost.name)) for cost in costs]

    def row(title: str, own: Iterable[str]) -> tuple[str, ...]:
        return (title, *own)

    def bar(field: str) -> Iterable[str]:
        return (_number(getattr(figures, field)) if figures else "-" for _, figures in known)

    rows = [
        row("", (cost.name for cost in costs)),
        row("MACs", (_number(cost.macs) for cost in costs)),
        row("instructions (counted)", (_number(cost.instructions) for cost in costs)),
        row("  a MAC", (_ratio(cost.instructions, cost.macs) for cost in costs)),
        row("  TFLM + CMSIS-NN", bar("baseline_instructions")),
        row("  of it", (_ratio(c.instructions, f.baseline_instructions) if f else "-" for c, f in known)),
        row("  floor", bar("floor")),
        row("  aim", bar("aim")),
        row("  stretch", bar("stretch")),
        row("  reached", (_reached(cost, figures) for cost, figures in known)),
        row("cycles (estimated)", (_number(cost.cycles) for cost in costs)),
        row("  address stalls, on top", (_number(cost.address_stalls) for cost in costs)),
        row("  fastest published", bar("record_cycles")),
        row("  of it", (_ratio(c.cycles, f.record_cycles) if f else "-" for c, f in known)),
        row("arena, bytes", (_number(cost.arena_bytes) for cost in costs)),
        row("  TFLM + CMSIS-NN", bar("baseline_arena")),
        row("  at most", bar("arena")),
        row("flash beside weights", (_number(cost.flash_beside_weights) for cost in costs)),
        row("  TFLM + CMSIS-NN", bar("baseline_flash")),
        row("  at most", (_number(book.flash_beside_weights) if f else "-" for _, f in known)),
        *_for_speed(costs),
        row("weights in flash, bytes", (_number(cost.weights_bytes) for cost in costs)),
        row("output bytes different", (_number(cost.different_bytes) for cost in costs)),
    ]
    sources = "\n".join(f"{name}: {text}." for name, text in book.sources.items())
    return f"{columns(rows)}\n\ncycles: {MODEL}\n{sources}\n"


def _for_speed(costs: Sequence[ModelCost]) -> list[tuple[str, ...]]:
    """What was granted, where anything was."""
    if not any(cost.bytes_for_speed for cost in costs):
        return []
    return [("flash for speed, on top", *(_number(cost.bytes_for_speed) for cost in costs))]


def layer_table(cost: ModelCost) -> str:
    """One model, a layer a line."""
    header = ("", "operator", "MACs", "instructions", "/MAC", "cycles", "/MAC", "kernel", "layer")
    rows = [header] + [
        (
            str(layer.index),
            layer.operator,
            _number(layer.macs),
            _number(layer.instructions),
            _ratio(layer.instructions, layer.macs),
            _number(layer.cycles),
            _ratio(layer.cycles, layer.macs),
            layer.form or "(nothing runs)",
            layer.name[-_NAME_WIDTH:],
        )
        for layer in cost.layers
    ]
    return f"{cost.name}, optimise_for = {cost.optimise_for}\n{columns(rows, left=(1, 7, 8))}\n"


def _reached(cost: ModelCost, figures: Figures | None) -> str:
    if figures is None:
        return "-"
    goals = ("stretch", "aim", "floor")
    return next((goal for goal in goals if cost.instructions <= getattr(figures, goal)), "nothing yet")


def _number(value: int) -> str:
    return f"{value:,}"


def _ratio(value: int, of: int) -> str:
    return f"{value / of:.2f}" if of else "-"


def columns(rows: Sequence[Sequence[str]], left: tuple[int, ...] = (0,)) -> str:
    """Cells below each other; the columns `left` begin at the left."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(
            cell.ljust(width) if number in left else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)

"""Boards as tables."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from rich.table import Table

from toolchain.report.units import kilobytes, megahertz
from toolchain.vocabulary.board import Board
from toolchain.vocabulary.fit import Fit

# As datasheets and USB lists write them.
_HEXADECIMAL = {"vendor", "product", "flash_origin", "ram_origin", "origin", "uart_base", "timer_base"}
_RIGHT = {"clock", "flash", "RAM", "takes flash", "takes RAM"}


def board_list(boards: Sequence[Board], fits: Mapping[str, Fit] | None = None) -> Table:
    """One board a row; with `fits`, by board, what a model would take of it in the place of what it is.

    Either fits 80 columns.
    """
    table = Table(box=None, pad_edge=False)
    memories = ("flash", "RAM")
    usual = ("board", "core", "clock", *memories, "timing", "what it is")
    for heading in ("board", *memories, "takes flash", "takes RAM", "kind") if fits else usual:
        table.add_column(
            heading,
            justify="right" if heading in _RIGHT else "left",
            no_wrap=heading != "what it is",
            overflow="fold",
        )
    for board in boards:
        flash = kilobytes(board.memory.flash_bytes) if board.memory.flash_bytes else "–"
        if fits:
            table.add_row(board.id, flash, _ram(board), *_taken(fits[board.id]))
            continue
        clock = megahertz(board.clock_hz) if board.clock_hz else "–"
        table.add_row(board.id, board.core, clock, flash, _ram(board), board.timer.kind, board.name)
    return table


def _taken(fit: Fit) -> tuple[str, str, str]:
    """Flash, RAM, and what sort of figures they are."""
    flash, ram = ("–" if size is None else kilobytes(size) for size in (fit.flash_bytes, fit.ram_bytes))
    return flash, ram, fit.kind.value


def board_as_dict(board: Board, fit: Fit | None = None) -> dict[str, object]:
    """Every key of its file; with `fit`, also what a model would take of it."""
    facts = board.model_dump()
    return facts if fit is None else {**facts, "fit": {**dataclasses.asdict(fit), "fits": fit.fits}}


def _ram(board: Board) -> str:
    """All memories the arena may lie in, in order of preference."""
    sizes = [region.bytes for region in board.memory.regions] or [board.memory.ram_bytes]
    return " + ".join(kilobytes(size) for size in sizes if size) or "–"


def board_in_full(board: Board, fit: Fit | None = None) -> Table:
    """Every key of one board file; with `fit`, also what a model would take of it."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column("key")
    table.add_column("value", overflow="fold")
    for key, value in _flat(board_as_dict(board, fit)):
        table.add_row(key, value)
    return table


def _flat(values: Mapping[str, object], prefix: str = "") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for key, value in values.items():
        if isinstance(value, Mapping):
            rows += _flat(value, f"{prefix}{key}.")
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            for number, item in enumerate(value):
                rows += _flat(item, f"{prefix}{key}.{number}.")
        elif isinstance(value, list):
            rows.append((f"{prefix}{key}", " ".join(str(item) for item in value)))
        elif value is not None:
            hexadecimal = key in _HEXADECIMAL and isinstance(value, int)
            rows.append((f"{prefix}{key}", f"0x{value:04X}" if hexadecimal else str(value)))
    return rows

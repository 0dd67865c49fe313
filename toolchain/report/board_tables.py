"""Boards as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.table import Table

from toolchain.report.units import kilobytes, megahertz
from toolchain.vocabulary.board import Board


def board_list(boards: Sequence[Board]) -> Table:
    """One board a row."""
    table = Table(box=None, pad_edge=False)
    for heading in ("board", "core", "clock", "flash", "RAM", "timing"):
        table.add_column(heading, justify="right" if heading in {"clock", "flash", "RAM"} else "left")
    table.add_column("what it is", overflow="fold")
    for board in boards:
        table.add_row(
            board.id,
            board.core,
            megahertz(board.clock_hz) if board.clock_hz else "–",
            kilobytes(board.memory.flash_bytes) if board.memory.flash_bytes else "–",
            _ram(board),
            board.timer.kind,
            board.name,
        )
    return table


def _ram(board: Board) -> str:
    """All memories the arena may lie in, in order of preference."""
    sizes = [region.bytes for region in board.memory.regions] or [board.memory.ram_bytes]
    return " + ".join(kilobytes(size) for size in sizes if size) or "–"


def board_in_full(board: Board) -> Table:
    """Every key of one board file."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column("key")
    table.add_column("value", overflow="fold")
    for key, value in _flat(board.model_dump()):
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
            rows.append((f"{prefix}{key}", str(value)))
    return rows

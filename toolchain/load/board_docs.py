"""docs/boards.md, from the board files.

`python -m toolchain.load.board_docs FILE` (or `make docs`) writes it again.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from toolchain.load.board import list_boards
from toolchain.vocabulary.board import Board

_HEAD = """\
# Boards

<!-- Generated from boards/*.toml: `make docs` writes it again. -->

A board is one file of `boards/`, or of a folder `boards/` beside your deploy.toml, or any file given as
`--board FILE.toml`; CONTRIBUTING.md says how to write one. `chipcast boards ID` shows every key.

*Verified* is what chipcast's own tests do with the board: **simulated**: a model is compiled, the firmware
built, flashed and run here, its output bytes compared with the reference; **compiled**: the firmware is
built and linked, where PlatformIO's packages for it are installed, and was so; **not yet**: the file is
valid, and no more is known. A simulated board is held to its real part's memory by the linker script. For
the engine tflm that is so where `CHIPCAST_TFLM_LIBRARY` names a library ([tflm.md](tflm.md)); elsewhere its
tests are skipped, and say so.

*Timing* is what a figure from the board is worth: **measured**: time by its own timer; **counted**:
instructions executed in a simulator, neither cycles nor time; **estimated**: cycles of a simulator's model
of the core; **host**: wall time of this computer.

Boards on a desk are built by PlatformIO's own platforms with the Arduino framework, which PlatformIO
downloads; facts about them are those of its board manifests, as each file says. *Flashed by* lists
PlatformIO's upload protocols, the default first.
"""
_ENGINES: tuple[Literal["aot", "tflm"], ...] = ("aot", "tflm")


def boards_page(boards: Sequence[Board]) -> str:
    """The whole page, Markdown."""
    headings = ["board", "what it is", "core", "flash", "RAM", "timing", "simulator", "flashed by"]
    headings += [f"verified, {engine}" for engine in _ENGINES]
    rows = [_row(headings), _row(["---"] * len(headings)), *(_row(_cells(board)) for board in boards)]
    return f"{_HEAD}\n" + "\n".join(rows) + "\n"


def _cells(board: Board) -> list[str]:
    memory, simulator = board.memory, board.simulator
    ram = [(region.bytes, f" ({region.name})") for region in memory.regions] or [(memory.ram_bytes, "")]
    return [
        f"`{board.id}`",
        board.name,
        board.core,
        _kilobytes(memory.flash_bytes),
        " + ".join(f"{_kilobytes(size)}{name}" for size, name in ram),
        board.timer.kind,
        "–" if simulator is None else f"{simulator.kind} {simulator.machine or ''}".strip(),
        "–" if board.upload is None else ", ".join(board.upload.protocols),
        *(board.verified.get(engine, "not yet") for engine in _ENGINES),
    ]


def _kilobytes(size: int) -> str:
    return f"{size // 1024:,} KB" if size else "–"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(boards_page(list_boards()), encoding="utf-8")

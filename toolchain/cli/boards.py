"""`chipcast boards`: what can be deployed to."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toolchain.cli.console import print_json, print_result

HELP = """List the boards, or show one in full.

[bold]Examples[/]

  chipcast boards

  chipcast boards sim_cortex_m4 --json
"""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("boards", help=HELP)(boards)


def boards(
    board: Annotated[str | None, typer.Argument(help="a board id or .toml file")] = None,
    folder: Annotated[Path | None, typer.Option(help="a folder with board files of your own")] = None,
    json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """See HELP."""
    from toolchain.load.board import list_boards, load_board  # noqa: PLC0415 (keeps `--help` fast)
    from toolchain.report.board_tables import board_in_full, board_list  # noqa: PLC0415

    search = [folder] if folder else []
    if board is not None:
        found = load_board(board, search)
        if json:
            print_json(found.model_dump())
        else:
            print_result(board_in_full(found))
        return
    everything = list_boards(search)
    if json:
        print_json([each.model_dump() for each in everything])
    else:
        print_result(board_list(everything))

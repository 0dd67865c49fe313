"""`chipcast boards`: what can be deployed to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toolchain.cli.console import print_json, print_result

if TYPE_CHECKING:
    from toolchain.vocabulary.board import Board

HELP = """List the boards, or show one in full.

--fits compiles the model for every board and leaves out those that are too small: flash and RAM are
estimated, the model's data in them exactly, code within some kilobytes.

[bold]Examples[/]

  chipcast boards

  chipcast boards --ram-min 64K --fits kws.tflite

  chipcast boards nucleo_f446re --fits kws.tflite

  chipcast boards sim_cortex_m4 --json
"""
# A project's own boards, beside its deploy.toml.
_PROJECT, _FOLDER = Path("deploy.toml"), Path("boards")
Folder = Annotated[
    Path | None,
    typer.Option(help=r"a folder with board files of your own \[boards beside a deploy.toml here]"),
]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("boards", help=HELP)(boards)


def boards(
    board: Annotated[str | None, typer.Argument(help="a board id or .toml file")] = None,
    folder: Folder = None,
    ram_min: Annotated[str | None, typer.Option(help="with RAM of so much: bytes, or such as 64K")] = None,
    flash_min: Annotated[str | None, typer.Option(help="with so much flash")] = None,
    fits: Annotated[Path | None, typer.Option(help="only those that this int8 .tflite would fit")] = None,
    json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """See HELP."""
    from toolchain.load.board import list_boards, load_board  # noqa: PLC0415 (keeps `--help` fast)
    from toolchain.pipeline.choose_board import fits_of  # noqa: PLC0415
    from toolchain.report.board_tables import board_as_dict, board_in_full, board_list  # noqa: PLC0415

    search = own_folders(folder)
    one = None if board is None else load_board(board, search)
    found = [one] if one else [b for b in list_boards(search) if _is_large_enough(b, ram_min, flash_min)]
    found_fits = {} if fits is None else fits_of(fits, found)
    if one is None:
        found = [each for each in found if each.id not in found_fits or found_fits[each.id].fits]
    if json:
        documents = [board_as_dict(each, found_fits.get(each.id)) for each in found]
        print_json(documents if one is None else documents[0])
    elif one is not None:
        print_result(board_in_full(one, found_fits.get(one.id)))
    else:
        print_result(board_list(found, found_fits))


def own_folders(folder: Path | None) -> list[Path]:
    """Where board files of the user's own are looked for."""
    if folder is not None:
        return [folder]
    return [_FOLDER] if _PROJECT.is_file() else []


def _is_large_enough(board: Board, ram_min: str | None, flash_min: str | None) -> bool:
    """Whether its memories, all that the arena may lie in together, are; a computer's have no limit."""
    rooms = [region.bytes for region in board.memory.regions] or [board.memory.ram_bytes]
    limits = (
        (_bytes("--ram-min", ram_min), sum(rooms)),
        (_bytes("--flash-min", flash_min), board.memory.flash_bytes),
    )
    return all(least <= size or not size for least, size in limits)


def _bytes(option: str, words: str | None) -> int:
    from toolchain.errors import ConfigError  # noqa: PLC0415
    from toolchain.vocabulary.budget import in_bytes  # noqa: PLC0415

    try:
        return int(str(in_bytes(words or "0")))
    except ValueError as exc:
        raise ConfigError(f"{option} {words}: {exc}.", "Give it as in `--ram-min 64K`.") from exc

"""Board files: one TOML each, built in or the user's own, checked to the last key."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from toolchain import paths
from toolchain.errors import BoardError
from toolchain.vocabulary.board import Board

# A board file has some fifty lines; what is larger is no board file.
MAX_FILE_BYTES = 64 * 1024


def load_board(name: str, search: Sequence[Path] = ()) -> Board:
    """The board `name`: an id, looked up in the folders `search` and then among the built-in boards, or a
    path that ends in `.toml`.

    Raises:
        BoardError: there is no such board (the near ones are named), or its file is wrong (file, key and
            reason are named).
    """
    if name.endswith(".toml"):
        return _read(Path(name))
    files = _files(search)
    if name in files:
        return _read(files[name])
    near = difflib.get_close_matches(name, files, n=3, cutoff=0.5)
    shown = repr(name[:64])
    hint = f"Did you mean {' or '.join(near)}?" if near else f"The boards are: {', '.join(sorted(files))}."
    raise BoardError(f"There is no board {shown}.", f"{hint} `chipcast boards` lists them all.")


def list_boards(search: Sequence[Path] = ()) -> tuple[Board, ...]:
    """All boards, built in and of the folders `search`, by id.

    Raises:
        BoardError: one of the files is wrong.
    """
    return tuple(_read(path) for _, path in sorted(_files(search).items()))


def _files(search: Sequence[Path]) -> dict[str, Path]:
    """Board files by id; a user's file comes before a built-in one, an earlier folder before a later."""
    found: dict[str, Path] = {}
    for folder in (*search, paths.boards()):
        for path in sorted(folder.glob("*.toml")):
            found.setdefault(path.stem, path)
    return found


def _read(path: Path) -> Board:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as exc:
        raise BoardError(
            f"The board file {path} cannot be read: {exc.strerror or exc}.", "Check the path."
        ) from exc
    if len(content) > MAX_FILE_BYTES:
        raise BoardError(f"The board file {path} is larger than 64 KiB.", "Name a board's TOML file.")
    try:
        table = tomllib.loads(content.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as exc:
        raise BoardError(f"The board file {path} is not valid TOML: {exc}.", "Correct it.") from exc
    try:
        board = Board.model_validate(table)
    except ValidationError as exc:
        raise BoardError(
            _first_fault(path, exc), "Correct it; boards/sim_cortex_m4.toml is an example."
        ) from exc
    if board.id != path.stem:
        raise BoardError(
            f"The board file {path} says id = {board.id!r}, which is not its file name.",
            f"Name the file {board.id}.toml or change the id.",
        )
    return board


def _first_fault(path: Path, exc: ValidationError) -> str:
    """File, key and reason in one sentence."""
    fault = exc.errors(include_url=False, include_context=False)[0]
    key = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        return f"The board file {path} has the unknown key {key}."
    if fault["type"] == "missing":
        return f"The board file {path} lacks the key {key}."
    reason = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "value_error":  # a rule over several keys
        return f"The board file {path} is wrong: {f'{key}: ' if key else ''}{reason}."
    return f"The board file {path} is wrong at {key}: {reason[0].lower()}{reason[1:].rstrip('.')}."

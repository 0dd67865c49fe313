"""Which boards a model would fit: load → compile, for each of them, and no further."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from toolchain.compile import compile_graph
from toolchain.compile.estimate_fit import estimate_fit
from toolchain.convert.read_tflite import read_graph
from toolchain.errors import DoesNotFitError, ModelError, UnsupportedError
from toolchain.pipeline.model import is_tflite
from toolchain.vocabulary.board import Board
from toolchain.vocabulary.fit import Fit
from toolchain.vocabulary.program import Program

# Larger than any model for a microcontroller.
_MODEL_BYTES_MAX = 256 << 20


def fits_of(model: Path, boards: Sequence[Board]) -> Mapping[str, Fit]:
    """By board, what the int8 model at `model` would take of it.

    Boards with the same core and the same memories for the arena share one compilation.

    Raises:
        ModelError: there is no such file, or it is no int8 .tflite.
    """
    graph = read_graph(_read(model), model.stem)
    done: dict[object, Program | str] = {}
    fits = {}
    for board in boards:
        key = (board.core, str(board.core_features), tuple(board.memory.regions), board.memory.main_region)
        if key not in done:
            try:
                done[key] = compile_graph(graph, board, prefix="model")
            except (UnsupportedError, DoesNotFitError) as error:
                done[key] = error.problem
        found = done[key]
        fits[board.id] = (
            Fit(board.id, None, None, None, None, found)
            if isinstance(found, str)
            else estimate_fit(found, board)
        )
    return fits


def _read(model: Path) -> bytes:
    try:
        if not is_tflite(model):
            raise ModelError(
                f"{model} is no .tflite file, and only a converted model has a size.",
                "Convert it first: `chipcast optimise MODEL`.",
            )
        with model.open("rb") as file:
            content = file.read(_MODEL_BYTES_MAX + 1)
    except OSError as exc:
        raise ModelError(f"{model} cannot be read: {exc.strerror or exc}.", "Check the path.") from exc
    if len(content) > _MODEL_BYTES_MAX:
        raise ModelError(f"{model} is larger than any model for a microcontroller.", "Check the path.")
    return content

"""How much flash a program leaves on its board: what `flash_for_speed = "auto"` grants to faster forms."""

from __future__ import annotations

from collections.abc import Sequence

from toolchain.compile.compile_graph import compile_graph
from toolchain.compile.passes.order import PASSES, GraphPass
from toolchain.vocabulary.board import Board
from toolchain.vocabulary.graph import Graph
from toolchain.vocabulary.settings import DEFAULT_OPTIMISE_FOR

CODE_BYTES = 40 * 1024
"""What a firmware takes at most beside its constants: kernels, startup, protocol."""
_UNLIMITED = 2**31 - 1


def flash_left(
    graph: Graph,
    board: Board,
    *,
    max_flash: int | None = None,
    optimise_for: str = DEFAULT_OPTIMISE_FOR,
    passes: Sequence[GraphPass] = PASSES,
) -> int:
    """Bytes that are surely free: of the board's flash, or of `max_flash` where that is less.

    Raises:
        UnsupportedError, DoesNotFitError: as `compile_graph`.
    """
    program = compile_graph(graph, board, prefix="model", optimise_for=optimise_for, passes=passes)
    limit = min(board.memory.flash_bytes or _UNLIMITED, max_flash or _UNLIMITED)
    return max(0, limit - program.constant_bytes - CODE_BYTES)

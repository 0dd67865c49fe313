"""What a board needs on this computer: a test that lacks it is skipped with the command that installs it."""

from __future__ import annotations

import pytest

from toolchain.build import require_tools
from toolchain.errors import MissingCompilerError, MissingSimulatorError
from toolchain.load.board import load_board


def require_tools_or_skip(board: str) -> None:
    """Skip the test that needs `board` where its compiler or simulator is not installed."""
    try:
        require_tools(load_board(board))
    except (MissingCompilerError, MissingSimulatorError) as missing:
        pytest.skip(f"{missing}")

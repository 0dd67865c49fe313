"""docs/boards.md is what the board files say, and what they say of verification is what the tests do."""

from __future__ import annotations

from pathlib import Path

from tests.boards.test_real_packages import BUILT
from tests.corridor.test_boards import RUN
from tests.corridor.test_tflm import RUN as INTERPRETED
from toolchain.load.board import list_boards
from toolchain.load.board_docs import boards_page

PAGE = Path(__file__).resolve().parents[2] / "docs" / "boards.md"


def test_the_page_is_what_would_be_generated() -> None:
    assert PAGE.read_text(encoding="utf-8") == boards_page(list_boards()), "run `make docs`"


def test_a_board_is_verified_as_the_tests_have_it() -> None:
    """Boards that say so are run and built by the tests of the corridor; a simulated board is always run."""
    boards = list_boards()
    assert [board.id for board in boards if board.verified.get("aot") == "simulated"] == RUN
    assert [board.id for board in boards if board.verified.get("aot") == "compiled"] == BUILT
    assert {board.id for board in boards if board.is_simulated} <= set(RUN)
    assert [board.id for board in boards if board.verified.get("tflm", "not yet") != "not yet"] == INTERPRETED
    for board in boards:
        assert f"| `{board.id}` |" in boards_page(boards)

"""Ticks of simulated boards are instructions: exact, repeatable, right beyond the timer's 32 bits."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.firmware.line import Line, fields
from tests.firmware.tools import require_tools_or_skip
from toolchain.flash import flashed
from toolchain.load.board import list_boards
from toolchain.vocabulary.board import Board
from toolchain.vocabulary.firmware import Firmware

pytestmark = pytest.mark.simulator

COUNTED = [board.id for board in list_boards() if board.timer.kind == "counted"]
# One board for every timer that is 32 bits wide, with more turns than that many ticks.
NARROW = {"sim_cortex_m4": 1_400_000_000, "netduinoplus2": 2_200_000_000, "microbit": 200_000_000}


@pytest.fixture(scope="module", params=COUNTED)
def simulated(
    request: pytest.FixtureRequest,
    built: Callable[[str], tuple[Board, Firmware]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Board, Line]]:
    require_tools_or_skip(request.param)
    board, firmware = built(request.param)
    log = tmp_path_factory.mktemp("counting") / "log"
    with flashed(firmware.project, board, log=log) as running, Line.open(running) as line:
        line.answer()
        yield board, line


def instructions(board: Board, line: Line, turns: int) -> float:
    assert board.simulator is not None
    assert board.simulator.icount_shift is not None
    assert board.timer.hz is not None
    line.put(turns.to_bytes(4, "little") + bytes(4))
    ticks = int(line.run()[0]["ticks"])
    return ticks * 1e9 / (board.timer.hz * (1 << board.simulator.icount_shift))


def test_a_tick_is_at_most_an_instruction(simulated: tuple[Board, Line]) -> None:
    board, _ = simulated
    assert board.simulator is not None
    assert board.timer.hz * 2 ** (board.simulator.icount_shift or 0) >= 1e9


def test_a_loop_of_two_instructions_counts_two_a_turn(simulated: tuple[Board, Line]) -> None:
    # Multiples of four: the model reads the same constant for each.
    base = instructions(*simulated, 0)
    assert base < 500
    for turns in (4, 8, 100, 12_344, 1_000_000):
        assert abs(instructions(*simulated, turns) - base - 2 * turns) <= 1


def test_it_repeats(simulated: tuple[Board, Line]) -> None:
    counts = [instructions(*simulated, 1000) for _ in range(20)]
    assert max(counts) - min(counts) <= 1


def test_an_inference_longer_than_the_timers_32_bits(simulated: tuple[Board, Line]) -> None:
    """2.8e9 instructions take 4.5e9 ticks of sim_cortex_m4: the hardware's counter wraps on the way."""
    if simulated[0].id not in NARROW:
        return  # the same timer, or one of 64 bits
    turns = NARROW[simulated[0].id]
    simulated[1].port.timeout = 250  # the computer may be busy
    counted = instructions(*simulated, turns)
    # The timer's interrupt handler is executed on the way too.
    assert 0 <= counted - instructions(*simulated, 0) - 2 * turns <= 500


def test_a_fault_is_told_and_the_board_starts_again(simulated: tuple[Board, Line]) -> None:
    board, line = simulated
    line.put(bytes(4) + b"\xfa\xfa")
    lines = line.command("run")
    lines = [said for said in lines if said]
    pc = int(lines[0].split()[1].removeprefix("pc="), 16)
    assert lines[0].startswith("e-fault pc=")
    assert 0 <= pc - board.memory.flash_origin < board.memory.flash_bytes
    assert lines[1] == "m-timestamp-mode-performance"
    assert line.command("id")


def test_a_stack_overflow_is_told_and_changes_no_data(simulated: tuple[Board, Line]) -> None:
    _, line = simulated
    line.put((100_000).to_bytes(4, "little") + b"\xfb\xfb")
    lines = [said for said in line.command("run") if said]
    assert lines[0].startswith("e-fault pc=")
    assert lines[1] == "m-timestamp-mode-performance"


def test_a_deep_stack_is_seen(simulated: tuple[Board, Line]) -> None:
    _, line = simulated
    before = int(fields(line.command("memory")[0], "c-memory")["stack"])
    line.put((10).to_bytes(4, "little") + b"\xfb\xfb")
    line.run()
    after = int(fields(line.command("memory")[0], "c-memory")["stack"])
    assert after >= before + 10 * 128

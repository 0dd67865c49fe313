"""Random networks against the oracle on every simulated core: every tensor, 0 bytes different."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compile.test_random_networks import check
from tests.host_runner import HOST, has
from tests.simulated_cores import CORES
from toolchain.compile.core_features import core_features
from toolchain.load.board import list_boards

NETWORKS = 24
# Of the boards that are simulated; on one that stands on a desk nothing runs here.
SIMULATED = [board for board in list_boards() if board.verified.get("aot") == "simulated"]
CORES_OF_BOARDS = {board.core: board for board in SIMULATED if board.id != "host"}


def test_every_simulated_boards_core_is_among_them() -> None:
    """The M0+ executes what the M0 does.  An AVR has no room for these programs, and no files."""
    assert {core.removesuffix("plus") for core in CORES_OF_BOARDS} - {"avr6"} <= {*CORES}


@pytest.mark.simulator
@pytest.mark.parametrize("core", [core for core in CORES if core != "cortex-m4"])
def test_networks_give_the_oracles_bytes(core: str, tmp_path: Path) -> None:
    """The Cortex-M4 has its own test, beside that of the host."""
    target = CORES[core]
    if not (has(target.compiler) and has(target.start[0])):
        pytest.skip(f"no {target.compiler} or {target.start[0]}; `make packages` installs them")
    first = 30_000_000 + 1000 * list(CORES).index(core)
    networks = [(seed, 1 + seed % 8) for seed in range(first, first + NETWORKS)]
    features = sorted(core_features(CORES_OF_BOARDS[core]))
    board = HOST.model_copy(update={"core_features": features})
    check(networks, tmp_path, boards=(board,), target=target)

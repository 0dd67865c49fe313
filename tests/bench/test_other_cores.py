"""On cores without DSP no model may come to cost more than it does, nor as much as the baseline."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.__main__ import MODELS
from tests.bench.figures import read_figures
from tests.bench.other_cores import board_of, core_table, cost_on, read_core_book
from tests.host_runner import has

BOOK = read_figures()
CORES = read_core_book()
# On RV32 two of them: `make bench ARGS="--core rv32"` prints all.
FEW = {"rv32": ("kws", "ad")}
CASES = [(core, name) for core, held in CORES.held.items() for name in FEW.get(core, held)]

pytestmark = [
    pytest.mark.simulator,
    pytest.mark.skipif(not MODELS.is_dir(), reason=f"the MLPerf Tiny models are not at {MODELS}"),
]


@pytest.fixture(scope="module", autouse=True)
def core_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """PlatformIO's folder for these tests alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHIPCAST_CORE_DIR", str(tmp_path_factory.mktemp("core")))
        yield


@pytest.mark.parametrize(("core", "name"), CASES)
def test_a_model_costs_no_more_than_is_held(core: str, name: str, tmp_path: Path) -> None:
    board = board_of(core)
    assert board.simulator is not None
    needed = f"{board.compiler.prefix}gcc", board.simulator.program
    if not all(program and has(program) for program in needed):
        pytest.skip(f"no {' or '.join(map(str, needed))}")
    cost = cost_on(core, (MODELS / BOOK.models[name].file).read_bytes(), name, tmp_path)
    assert cost.different_bytes == 0
    # The timer's ticks are not whole instructions: begun at another tick, the same run can tell one more.
    assert cost.instructions - 1 <= CORES.held[core][name] < CORES.baseline[core][name]
    assert cost.flash_beside_weights <= BOOK.flash_beside_weights
    assert f"{cost.instructions:,}" in core_table([cost], CORES)

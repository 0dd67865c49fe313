"""Kernels for cores that multiply but have no DSP instructions, against the oracle.

They run on this computer, chosen for a core with upper halves of products and for one without, and on the
simulated cores, where they have assembly of their own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.host_runner import (
    HOST_AS_MUL32,
    HOST_AS_MUL64,
    Target,
    compile_model,
    differences,
    has,
    run_programs,
)
from tests.operators.harness import rows
from tests.operators.usual_layers import added, conv_2d, depthwise, fully_connected
from tests.simulated_cores import CORES
from toolchain.compile.forms import depthwise_3x3_columns
from toolchain.vocabulary.board import Board
from toolchain.vocabulary.program import PORTABLE

# The makers of layers, and how many of each.
MAKERS: dict[Callable[[int], bytes], int] = {
    conv_2d: 24,
    fully_connected: 16,
    depthwise: 30,
    partial(added, "ADD"): 6,
    partial(added, "SUB"): 6,
}


@pytest.fixture(autouse=True)
def there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network of one layer has no other one that needs more memory."""
    monkeypatch.setattr(
        depthwise_3x3_columns, "_have_room", lambda _, layer: layer.output().shape[3] in (4, 12)
    )


def check(board: Board, first: int, folder: Path, target: Target | None = None) -> Counter[str]:
    """Compare layers of the seeds from `first` on; how often each form came."""
    models = [maker(first + i) for maker, count in MAKERS.items() for i in range(count)]
    programs = [
        compile_model(model, f"m{i}", board=board, optimise_for=("speed", "ram")[i % 2])
        for i, model in enumerate(models)
    ]
    inputs = [rows(program, i) for i, program in enumerate(programs)]
    results = run_programs(programs, inputs, folder, model_flag="-O0", target=target)
    found = {
        i: difference
        for i, (model, program, given, result) in enumerate(
            zip(models, programs, inputs, results, strict=True)
        )
        if (difference := differences(model, program, given, result))
    }
    assert found == {}
    return Counter(program.layers[0].form for program in programs)


@pytest.mark.parametrize("board", [HOST_AS_MUL32, HOST_AS_MUL64], ids=["mul32", "mul64"])
def test_every_output_is_the_oracles(board: Board, tmp_path: Path) -> None:
    forms = check(board, 0, tmp_path)
    # Filters that are not 3x3, scales of 1/2 and more.
    assert forms[PORTABLE] <= sum(MAKERS.values()) // 10, forms
    assert len(forms) >= len(MAKERS), forms


@pytest.mark.simulator
@pytest.mark.parametrize(
    ("core", "level"),
    [("cortex-m0", "-O3"), ("cortex-m3", "-O3"), ("cortex-m3", "-O2"), ("rv32imac", "-O3")],
)
def test_every_output_is_the_oracles_on_a_core(core: str, level: str, tmp_path: Path) -> None:
    given = CORES[core]
    if not (has(given.compiler) and has(given.start[0])):
        pytest.skip(f"no {given.compiler} or {given.start[0]}; `make packages` installs them")
    flags = tuple(level if flag == "-O2" else flag for flag in given.flags)
    board = HOST_AS_MUL32 if core == "cortex-m0" else HOST_AS_MUL64
    check(board, 1000, tmp_path, Target(given.compiler, flags, given.link, given.start))

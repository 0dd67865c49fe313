"""Random networks with int16 activations against the oracle: every tensor, 0 bytes different."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.host_runner import compile_model, differences, random_inputs, run_programs
from tests.random_16x8_networks import STEPS, random_16x8_network, single_operator_16x8_network


@pytest.mark.parametrize("name", STEPS)
def test_each_operator_gives_the_oracles_bytes(name: str, tmp_path: Path) -> None:
    check([single_operator_16x8_network(name, seed=1000 * i) for i in range(24)], tmp_path)


def test_networks_give_the_oracles_bytes(tmp_path: Path) -> None:
    for first in range(0, 120, 40):
        check([random_16x8_network(seed, 1 + seed % 8) for seed in range(first, first + 40)], tmp_path)


def check(models: list[bytes], folder: Path) -> None:
    programs = [compile_model(model, f"m{number}") for number, model in enumerate(models)]
    inputs = [random_inputs(program, 3, seed) for seed, program in enumerate(programs)]
    results = run_programs(programs, inputs, folder)
    found = {
        number: difference
        for number, (model, program, rows, result) in enumerate(
            zip(models, programs, inputs, results, strict=True)
        )
        if (difference := differences(model, program, rows, result))
    }
    assert found == {}

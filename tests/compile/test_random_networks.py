"""Random networks against the oracle: every intermediate tensor and every output, 0 bytes different.

CHIPCAST_NETWORKS=20000 makes the longer run; a failure names (seed, layers), which rebuild the network.
"""

from __future__ import annotations

import math
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.host_runner import compile_model, differences, random_inputs, run_programs
from tests.random_networks import random_network

NETWORKS = int(os.environ.get("CHIPCAST_NETWORKS", "200"))
BATCH = 40
ROWS = 2

_network = st.tuples(st.integers(0, 2**32 - 1), st.integers(1, 8))


@settings(
    max_examples=math.ceil(NETWORKS / 20),
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(st.lists(_network, min_size=1, max_size=BATCH))
def test_random_networks_give_the_oracles_bytes(
    tmp_path_factory: pytest.TempPathFactory, networks: list[tuple[int, int]]
) -> None:
    check(networks, tmp_path_factory.mktemp("networks"))


def test_a_fixed_set_of_random_networks_gives_the_oracles_bytes(tmp_path: Path) -> None:
    """Hypothesis leans towards short lists; this makes the number of networks a certain one."""
    for first in range(0, NETWORKS, BATCH):
        seeds = range(first, min(first + BATCH, NETWORKS))
        check([(seed, 1 + seed % 8) for seed in seeds], tmp_path / str(first))


def check(networks: list[tuple[int, int]], folder: Path) -> None:
    models = [random_network(seed, layers) for seed, layers in networks]
    programs = [compile_model(model, f"m{number}") for number, model in enumerate(models)]
    inputs = [
        random_inputs(program, ROWS, seed) for program, (seed, _) in zip(programs, networks, strict=True)
    ]
    results = run_programs(programs, inputs, folder)
    found = {
        network: difference
        for network, model, program, rows, result in zip(
            networks, models, programs, inputs, results, strict=True
        )
        if (difference := differences(model, program, rows, result))
    }
    assert found == {}
    for network, program in zip(networks, programs, strict=True):
        assert program.arena_bytes == program.arena_lower_bound_bytes, network

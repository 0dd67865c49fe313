"""Many models, compiled into one program and compared with the oracle in every tensor."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from hypothesis import HealthCheck, Phase, settings

from tests.host_runner import compile_model, differences, random_inputs, run_programs
from toolchain.errors import UnsupportedError
from toolchain.vocabulary.program import Program

# A batch is one example, so shrinking it would start a compiler hundreds of times; a failure prints its
# cases instead, and they are the same on every run.
BATCHES = settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
BATCH = 40
ROWS = 3


def compare(cases: Sequence[object], models: Sequence[bytes], folder: Path, *, rows_each: int = ROWS) -> int:
    """Compare every model that is not refused; how many were.  `cases` only name what differs."""
    accepted: list[tuple[object, bytes, Program]] = []
    for case, model in zip(cases, models, strict=True):
        try:
            accepted.append((case, model, compile_model(model, f"m{len(accepted)}")))
        except UnsupportedError:
            continue
    if not accepted:
        return 0
    programs = [program for _, _, program in accepted]
    inputs = [rows(program, seed, rows_each) for seed, program in enumerate(programs)]
    results = run_programs(programs, inputs, folder)
    found = {
        repr(case): difference
        for (case, model, program), given, result in zip(accepted, inputs, results, strict=True)
        if (difference := differences(model, program, given, result))
    }
    assert found == {}
    return len(accepted)


def rows(program: Program, seed: int, count: int = ROWS) -> npt.NDArray[np.uint8]:
    """Random bytes; the first row counts through all of them, the second holds the extremes only."""
    random = random_inputs(program, count, seed)
    if all(port.dtype == "INT8" for port in program.inputs):
        random[0] = (np.arange(random.shape[1]) * 37 + seed) % 256
        random[1] = np.random.default_rng(seed).choice(
            np.array([0, 127, 128, 255], np.uint8), random.shape[1]
        )
    return random

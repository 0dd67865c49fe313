"""ADD and SUB on cores with DSP: constants against the exact arithmetic, kernel against the oracle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.cortex_m4 import CORTEX_M4
from tests.host_runner import (
    HOST_AS_DSP,
    Target,
    compile_model,
    differences,
    has,
    random_inputs,
    run_programs,
)
from tests.operators.usual_layers import added
from toolchain.compile.added_form import Added, added_form, reference_sums
from toolchain.compile.requantise import clamp, multiply, quantise_multiplier
from toolchain.vocabulary.graph import Quantisation

LAYERS = 60


def usual(seed: int) -> tuple[tuple[Quantisation, Quantisation], Quantisation, tuple[float, float, float]]:
    """Quantisations of both inputs and the output, and the three factors of the reference."""
    rng = np.random.default_rng(seed)
    a, b = (float(np.float32(0.05 * 2.0 ** rng.uniform(-2, 2))) for _ in range(2))
    c = float(np.float32(max(a, b) * 2.0 ** rng.uniform(-0.5, 1)))
    zeros = [int(rng.integers(-128, 128)) for _ in range(3)]
    first, second, output = (Quantisation((s,), (z,), 0) for s, z in zip((a, b, c), zeros, strict=True))
    twice = 2 * max(a, b)
    return (first, second), output, (a / twice, b / twice, twice / (2**20 * c))


@pytest.mark.parametrize("sign", [1, -1])
def test_the_reference_table_is_the_exact_arithmetic(sign: int) -> None:
    rng = np.random.default_rng(1)
    for seed in range(12):
        inputs, output, factors = usual(seed)
        m1, m2, m3 = (quantise_multiplier(factor) for factor in factors)
        table = reference_sums(inputs, output, (m1, m2, m3), sign)
        for x, y in rng.integers(-128, 128, (200, 2)).tolist():
            left = multiply((x - inputs[0].zero_point) << 20, m1)
            right = multiply((y - inputs[1].zero_point) << 20, m2)
            assert table[x + 128, y + 128] == clamp(multiply(left + sign * right, m3) + output.zero_point)


@pytest.mark.parametrize("sign", [1, -1])
def test_constants_are_right_for_every_pair(sign: int) -> None:
    x = np.arange(-128, 128, dtype=np.int64)
    solved = 0
    for seed in range(40):
        inputs, output, factors = usual(seed)
        m1, m2, m3 = (quantise_multiplier(factor) for factor in factors)
        form = added_form(inputs, output, (m1, m2, m3), sign)
        if isinstance(form, Added):
            solved += 1
            sums = (256 * x * form.multiplier1 >> 16)[:, None] + (256 * x * form.multiplier2 >> 16)[None, :]
            made = ((form.offset + sums) >> 16).clip(0, 255) - 128
            assert (made == reference_sums(inputs, output, (m1, m2, m3), sign)).all()
    assert solved >= 30


def check(name: str, first: int, folder: Path, target: Target | None = None) -> int:
    """Compare layers of the seeds from `first` on; how many got the short form."""
    models = [added(name, seed) for seed in range(first, first + LAYERS)]
    programs = [compile_model(model, f"m{i}", board=HOST_AS_DSP) for i, model in enumerate(models)]
    inputs = [random_inputs(program, 4, i) for i, program in enumerate(programs)]
    results = run_programs(programs, inputs, folder, model_flag="-O0", target=target)
    found = {
        first + i: difference
        for i, (model, program, given, result) in enumerate(
            zip(models, programs, inputs, results, strict=True)
        )
        if (difference := differences(model, program, given, result))
    }
    assert found == {}
    return sum(program.kernels == ("add_s8_dsp",) for program in programs)


@pytest.mark.parametrize("name", ["ADD", "SUB"])
def test_every_output_is_the_oracles(name: str, tmp_path: Path) -> None:
    assert check(name, 0, tmp_path) >= LAYERS // 2


@pytest.mark.simulator
@pytest.mark.skipif(
    not (has("arm-none-eabi-gcc") and has("qemu-system-arm")),
    reason="no arm-none-eabi-gcc or qemu-system-arm",
)
@pytest.mark.parametrize("name", ["ADD", "SUB"])
def test_every_output_is_the_oracles_on_a_cortex_m4(name: str, tmp_path: Path) -> None:
    assert check(name, 1000, tmp_path, CORTEX_M4) >= LAYERS // 2

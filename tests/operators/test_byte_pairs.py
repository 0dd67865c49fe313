"""Weights in byte pairs against the oracle: convolutions and fully connected layers as converters make them.

The kernels run on this computer, where dsp.h emulates the instructions, and on the simulated Cortex-M4.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.cortex_m4 import CORTEX_M4
from tests.host_runner import HOST_AS_DSP, Target, compile_model, differences, has, run_programs
from tests.operators.harness import rows
from tests.operators.usual_layers import conv_2d, fully_connected
from toolchain.compile.byte_pairs import interleaved
from toolchain.vocabulary.program import PORTABLE

LAYERS = 40
Layer = Callable[[int], bytes]


def check(layer: Layer, first: int, folder: Path, target: Target | None = None) -> set[str]:
    """Compare layers of the seeds from `first` on; the forms they got."""
    models = [layer(seed) for seed in range(first, first + LAYERS)]
    programs = [compile_model(model, f"m{i}", board=HOST_AS_DSP) for i, model in enumerate(models)]
    inputs = [rows(program, i) for i, program in enumerate(programs)]
    results = run_programs(programs, inputs, folder, model_flag="-O0", target=target)
    found = {
        first + i: difference
        for i, (model, program, given, result) in enumerate(
            zip(models, programs, inputs, results, strict=True)
        )
        if (difference := differences(model, program, given, result))
    }
    assert found == {}
    forms = [program.layers[0].form for program in programs]
    # A scale of 1/2 or more is rare in layers like these.
    assert forms.count(PORTABLE) <= LAYERS // 10, [program.layers[0].why for program in programs]
    return set(forms)


@pytest.mark.parametrize(("layer", "forms"), [(conv_2d, 1), (fully_connected, 3)])
def test_every_output_is_the_oracles(layer: Layer, forms: int, tmp_path: Path) -> None:
    assert len(check(layer, 0, tmp_path) - {PORTABLE}) == forms


@pytest.mark.simulator
@pytest.mark.skipif(
    not (has("arm-none-eabi-gcc") and has("qemu-system-arm")),
    reason="no arm-none-eabi-gcc or qemu-system-arm",
)
@pytest.mark.parametrize("level", ["-O2", "-O3", "-Os"])
@pytest.mark.parametrize("layer", [conv_2d, fully_connected])
def test_every_output_is_the_oracles_on_a_cortex_m4(layer: Layer, level: str, tmp_path: Path) -> None:
    flags = tuple(level if flag == "-O2" else flag for flag in CORTEX_M4.flags)
    target = Target(CORTEX_M4.compiler, flags, CORTEX_M4.link, CORTEX_M4.start)
    check(layer, 1000, tmp_path, target)


def test_interleaved_weights_are_where_the_kernel_reads_them() -> None:
    rows = np.arange(1, 31).reshape(5, 6) * np.array([[1], [-1], [1], [1], [2]])
    words = interleaved(rows.astype(np.int64)).reshape(2, 2, 2, 2)
    lanes = words.view(np.int16).reshape(2, 2, 2, 2, 2).astype(int)

    def lane(channel: int, tap: int) -> int:
        a = rows[channel, tap] if channel < 5 and tap < 6 else 0
        b = rows[channel + 1, tap] if channel + 1 < 5 and tap < 6 else 0
        return 256 * int(b) + int(a)

    for block in range(2):
        for group in range(2):
            for half in range(2):
                for pair in range(2):
                    for side in range(2):
                        expected = lane(4 * block + 2 * pair, 4 * group + half + 2 * side)
                        assert lanes[block, group, half, pair, side] == expected

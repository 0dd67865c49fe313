"""Depthwise convolutions on cores with DSP against the oracle, here and on the simulated Cortex-M4."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.cortex_m4 import CORTEX_M4
from tests.host_runner import HOST_AS_DSP, Target, compile_model, differences, has, run_programs
from tests.operators.harness import rows
from tests.operators.usual_layers import depthwise
from toolchain.compile.forms import depthwise_3x3
from toolchain.compile.layer_view import LayerView

LAYERS = 70
GOALS = ("speed", "ram")


@pytest.fixture(autouse=True)
def there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network of one layer has no other one that needs more memory."""

    def have_room(planes: int, layer: LayerView, _: object) -> bool:
        return layer.output().shape[3] >= 4 if planes == 4 else layer.output().shape[3] > 1

    monkeypatch.setattr(depthwise_3x3, "_have_room", have_room)


def check(first: int, folder: Path, target: Target | None = None) -> Counter[tuple[str, str]]:
    """Compare layers of the seeds from `first` on; how often each kernel came, by its planes."""
    models = [depthwise(seed) for seed in range(first, first + LAYERS)]
    programs = [
        compile_model(model, f"m{i}", board=HOST_AS_DSP, optimise_for=GOALS[i % 2])
        for i, model in enumerate(models)
    ]
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
    calls = [program.layers[0].calls[0] for program in programs]
    return Counter((call.kernel, str(call.parameters.get("planes", ""))) for call in calls)


def test_every_output_is_the_oracles(tmp_path: Path) -> None:
    kernels = check(0, tmp_path)
    for kernel in ("depthwise_3x3_s8_dsp", "depthwise_3x3_stride_2_s8_dsp"):
        for planes in ("1", "2", "4"):
            assert kernels[kernel, planes] >= 1, kernels
    # Other filters, other clamps, outputs of both signs.
    assert kernels["depthwise_s8_dsp", ""] >= LAYERS // 4, kernels
    # A scale of 1/2 or more is rare in layers like these.
    assert kernels["depthwise_conv_2d_s8", ""] <= LAYERS // 10, kernels


@pytest.mark.simulator
@pytest.mark.skipif(
    not (has("arm-none-eabi-gcc") and has("qemu-system-arm")),
    reason="no arm-none-eabi-gcc or qemu-system-arm",
)
@pytest.mark.parametrize("level", ["-O2", "-O3", "-Os"])
def test_every_output_is_the_oracles_on_a_cortex_m4(level: str, tmp_path: Path) -> None:
    flags = tuple(level if flag == "-O2" else flag for flag in CORTEX_M4.flags)
    check(1000, tmp_path, Target(CORTEX_M4.compiler, flags, CORTEX_M4.link, CORTEX_M4.start))

"""AVERAGE_POOL_2D on cores with DSP against the oracle, here and on the simulated Cortex-M4."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tflite

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
from tests.random_networks import RandomNetwork, single_operator_network
from toolchain.vocabulary.program import PORTABLE

LAYERS = 40


def check(models: list[bytes], folder: Path, target: Target | None = None) -> int:
    """Compare the models; how many got the form by lanes."""
    programs = [compile_model(model, f"m{i}", board=HOST_AS_DSP) for i, model in enumerate(models)]
    inputs = [random_inputs(program, 4, i) for i, program in enumerate(programs)]
    results = run_programs(programs, inputs, folder, model_flag="-O0", target=target)
    found = {
        i: difference
        for i, (model, program, given, result) in enumerate(
            zip(models, programs, inputs, results, strict=True)
        )
        if (difference := differences(model, program, given, result))
    }
    assert found == {}
    return sum("average_pool_2d_s8_dsp" in program.kernels for program in programs)


def drawn(first: int) -> list[bytes]:
    return [single_operator_network("AVERAGE_POOL_2D", seed) for seed in range(first, first + LAYERS)]


def test_every_output_is_the_oracles(tmp_path: Path) -> None:
    assert check(drawn(0), tmp_path) >= LAYERS * 3 // 4


@pytest.mark.simulator
@pytest.mark.skipif(
    not (has("arm-none-eabi-gcc") and has("qemu-system-arm")),
    reason="no arm-none-eabi-gcc or qemu-system-arm",
)
def test_every_output_is_the_oracles_on_a_cortex_m4(tmp_path: Path) -> None:
    assert check(drawn(1000), tmp_path, CORTEX_M4) >= LAYERS * 3 // 4


def wide(values: int) -> bytes:
    """One window over `values` pixels of five channels."""
    network = RandomNetwork(values)
    source = network.activation_tensor((1, 1, values, 5), 0.1, 3)
    output = network.activation_tensor((1, 1, 1, 5), 0.1, 3)
    network.builder.operator(
        "AVERAGE_POOL_2D",
        [source],
        [output],
        Padding=tflite.Padding.VALID,
        StrideH=1,
        StrideW=1,
        FilterHeight=1,
        FilterWidth=values,
        FusedActivationFunction=tflite.ActivationFunctionType.NONE,
    )
    return network.builder.build([source], [output])


def test_the_largest_sums_fit_and_larger_ones_are_left_alone(tmp_path: Path) -> None:
    models = [wide(255), wide(256)]
    programs = [compile_model(model, f"m{i}", board=HOST_AS_DSP) for i, model in enumerate(models)]
    assert [program.layers[0].form for program in programs] == ["sums by lanes", PORTABLE]
    # -128 everywhere.
    inputs = [np.full((2, program.inputs[0].bytes), 0x80, np.uint8) for program in programs]
    for model, program, given, result in zip(
        models, programs, inputs, run_programs(programs, inputs, tmp_path), strict=True
    ):
        assert differences(model, program, given, result) == []

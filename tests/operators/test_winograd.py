"""3x3 convolutions by Winograd's minimal filtering, in integers: against the oracle, and against the algebra.

The kernel runs on this computer, where dsp.h emulates the instructions, and on the simulated Cortex-M4.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tflite
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cortex_m4 import CORTEX_M4
from tests.flatbuffer_builder import ModelBuilder
from tests.host_runner import HOST_AS_DSP, Target, compile_model, differences, has, run_programs
from tests.operators.harness import rows
from tests.operators.usual_layers import conv_3x3
from toolchain.compile.forms.winograd_3x3 import WINOGRAD_3X3, packed, transformed
from toolchain.compile.operators.table import OPERATORS
from toolchain.vocabulary.board import Board
from toolchain.vocabulary.program import PORTABLE, Program

NETWORKS = 30
ANY_FLASH = 2**30
TRANSPOSED_B = np.array([[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]])
TRANSPOSED_A = np.array([[1, 1, 1, 0], [0, 1, -1, -1]])


@pytest.fixture
def forced(monkeypatch: pytest.MonkeyPatch) -> None:
    """No other form: layers that are too small for it to pay get it too."""
    monkeypatch.setitem(OPERATORS, "CONV_2D", replace(OPERATORS["CONV_2D"], forms=(WINOGRAD_3X3,)))


def check(first: int, folder: Path, target: Target | None = None) -> None:
    models = [conv_3x3(seed) for seed in range(first, first + NETWORKS)]
    programs = [
        compile_model(model, f"m{i}", board=HOST_AS_DSP, flash_for_speed=ANY_FLASH)
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
    layers = [layer for program in programs for layer in program.layers if layer.operator == "CONV_2D"]
    assert all(layer.form != PORTABLE for layer in layers), {layer.why for layer in layers}


@pytest.mark.usefixtures("forced")
def test_every_tensor_is_the_oracles(tmp_path: Path) -> None:
    check(0, tmp_path)


@pytest.mark.simulator
@pytest.mark.skipif(
    not (has("arm-none-eabi-gcc") and has("qemu-system-arm")),
    reason="no arm-none-eabi-gcc or qemu-system-arm",
)
@pytest.mark.usefixtures("forced")
def test_every_tensor_is_the_oracles_on_a_cortex_m4(tmp_path: Path) -> None:
    check(1000, tmp_path, CORTEX_M4)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(1, 9))
def test_products_with_transformed_filters_are_four_times_the_sums(
    seed: int, outputs: int, inputs: int
) -> None:
    rng = np.random.default_rng(seed)
    filters = rng.choice([-128, -127, 127, *rng.integers(-128, 128, 9)], (outputs, 3, 3, inputs))
    tile = rng.choice([-128, 127, *rng.integers(-128, 128, 9)], (4, 4, inputs))
    values = np.einsum("ik,klc,jl->ijc", TRANSPOSED_B, tile, TRANSPOSED_B)
    products = np.einsum("opc,pc->op", transformed(filters), values.reshape(16, inputs))
    assert np.abs(values).max() <= 512
    assert np.abs(transformed(filters)).max() <= 9 * 128
    found = np.einsum("ik,okl,jl->oij", TRANSPOSED_A, products.reshape(outputs, 4, 4), TRANSPOSED_A)
    expected = [
        [[(filters[o] * tile[y : y + 3, x : x + 3]).sum() for x in range(2)] for y in range(2)]
        for o in range(outputs)
    ]
    assert (found == 4 * np.array(expected)).all()


def test_transformed_filters_are_where_the_kernel_reads_them() -> None:
    filters = np.arange(1, 5 * 16 * 6 + 1).reshape(5, 16, 6) * np.array([1, -1, 1, 1, -1])[:, None, None]
    # Axes: block, place, word, channel of the block, lane.
    lanes = packed(filters).view(np.int16).reshape(2, 16, 4, 4, 2)
    for index in np.ndindex(*lanes.shape):
        block, place, word, channel, lane = index
        output, taken = 4 * block + channel, 4 * (word // 2) + word % 2 + 2 * lane
        expected = filters[output, place, taken] if output < 5 and taken < 6 else 0
        assert lanes[index] == expected


def layer(
    channels: int = 16, outputs: int = 16, kernel: int = 3, stride: int = 1, weight: int = 127
) -> bytes:
    """A convolution of an 8x8 image in which everything adds up."""
    builder = ModelBuilder()
    source = builder.tensor((1, 8, 8, channels), "INT8", 0.5, 0)
    weights = np.full((outputs, kernel, kernel, channels), weight)
    filters = builder.tensor(weights.shape, "INT8", [0.001] * outputs, 0, data=weights)
    size = -(-8 // stride)
    output = builder.tensor((1, size, size, outputs), "INT8", 1000.0, -128)
    strides = {"StrideH": stride, "StrideW": stride, "DilationHFactor": 1, "DilationWFactor": 1}
    builder.operator("CONV_2D", [source, filters], [output], Padding=tflite.Padding.SAME, **strides)
    return builder.build([source], [output])


def compiled(
    model: bytes, flash: int = ANY_FLASH, board: Board = HOST_AS_DSP, optimise_for: str = "speed"
) -> Program:
    return compile_model(model, board=board, flash_for_speed=flash, optimise_for=optimise_for)


def test_the_form_is_taken_where_flash_is_granted() -> None:
    without, with_flash = compiled(layer(), flash=0), compiled(layer())
    assert with_flash.layers[0].form == WINOGRAD_3X3.name
    assert without.layers[0].form != WINOGRAD_3X3.name
    # 16 values of two bytes for nine of one.
    more = 16 * 16 * (2 * 16 - 9)
    assert with_flash.weights_bytes - without.weights_bytes == more
    short = compiled(layer(), flash=more - 1).layers[0]
    assert short.form == without.layers[0].form
    assert short.why.endswith(f"{WINOGRAD_3X3.name}: {more:,} bytes more than flash_for_speed grants it")
    assert compiled(layer(), flash=more).layers[0].form == WINOGRAD_3X3.name


@pytest.mark.usefixtures("forced")
@pytest.mark.parametrize(
    ("model", "changed", "reason"),
    [
        (layer(), {"optimise_for": "ram"}, "it takes more flash and memory"),
        (layer(), {"flash": 0}, "no flash is granted for speed"),
        (layer(kernel=1), {}, "its filter is not 3x3"),
        (layer(stride=2), {}, "its stride is not 1"),
        (layer(channels=3800, outputs=1), {}, "four times a sum can exceed 32 bits"),
    ],
)
def test_what_is_refused_says_why(model: bytes, changed: dict[str, object], reason: str) -> None:
    found = compiled(model, **changed).layers[0]  # type: ignore[arg-type]
    assert (found.form, found.why) == (PORTABLE, f"{WINOGRAD_3X3.name}: {reason}")

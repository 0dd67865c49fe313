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
from toolchain.compile.forms.winograd_2x2 import FILTERING_2X2, WINOGRAD_2X2
from toolchain.compile.forms.winograd_4x4 import FILTERING_4X4, WINOGRAD_4X4
from toolchain.compile.operators.table import OPERATORS
from toolchain.compile.winograd import Filtering, packed
from toolchain.vocabulary.board import Board
from toolchain.vocabulary.program import PORTABLE, Program

NETWORKS = 14
ANY_FLASH = 2**30
INVERSE_OF_9 = 0x38E38E39
# B' and A' of each, as the kernels have them.
MATRICES = {
    FILTERING_2X2: (
        [[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]],
        [[1, 1, 1, 0], [0, 1, -1, -1]],
    ),
    FILTERING_4X4: (
        [
            [4, 0, -5, 0, 1, 0],
            [0, -4, -4, 1, 1, 0],
            [0, 4, -4, -1, 1, 0],
            [0, -2, -1, 2, 1, 0],
            [0, 2, -1, -2, 1, 0],
            [0, 4, 0, -5, 0, 1],
        ],
        [[1, -4, -4, 1, 1, 0], [0, -4, 4, 2, -2, 0], [0, -4, -4, 4, 4, 0], [0, -4, 4, 8, -8, 4]],
    ),
}


@pytest.fixture(params=[WINOGRAD_2X2, WINOGRAD_4X4], ids=lambda form: form.name)
def forced(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """No other form: layers that are too small for it to pay get it too."""
    monkeypatch.setitem(OPERATORS, "CONV_2D", replace(OPERATORS["CONV_2D"], forms=(request.param,)))


@pytest.fixture
def only_2x2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(OPERATORS, "CONV_2D", replace(OPERATORS["CONV_2D"], forms=(WINOGRAD_2X2,)))


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


@pytest.mark.parametrize("filtering", MATRICES, ids=lambda filtering: filtering.kernel)
@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(1, 9))
def test_what_the_kernel_knows_is_the_sums_times_the_scale(
    filtering: Filtering, seed: int, outputs: int, inputs: int
) -> None:
    rng, side = np.random.default_rng(seed), filtering.tile
    transposed_b, transposed_a = map(np.array, MATRICES[filtering])
    filters = rng.choice([-128, -127, 127, *rng.integers(-128, 128, 9)], (outputs, 3, 3, inputs))
    tile = rng.choice([-128, 127, *rng.integers(-128, 128, 9)], (side, side, inputs)) + filtering.offset
    values = np.einsum("ik,klc,jl->ijc", transposed_b, tile, transposed_b)
    transformed = filtering.transformed(filters)
    products = np.einsum("opc,pc->op", transformed, values.reshape(side**2, inputs)).astype(np.int32)
    found = np.einsum("ik,okl,jl->oij", transposed_a, products.reshape(outputs, side, side), transposed_a)
    if filtering.scale == 64:
        found = (found % 2**32) * INVERSE_OF_9
    expected = [
        [
            [(filters[o] * tile[y : y + 3, x : x + 3]).sum() for x in range(filtering.outputs)]
            for y in range(filtering.outputs)
        ]
        for o in range(outputs)
    ]
    assert (found.astype(np.int32) == filtering.scale * np.array(expected)).all()


@pytest.mark.parametrize("filtering", MATRICES, ids=lambda filtering: filtering.kernel)
def test_lanes_hold_every_tile_and_every_filter(filtering: Filtering) -> None:
    rows = np.array(MATRICES[filtering][0])
    each = np.einsum("ik,jl->ijkl", rows, rows).reshape(len(rows) ** 2, -1)
    low, high = filtering.offset - 128, filtering.offset + 127
    assert np.minimum(each * low, each * high).sum(axis=1).min() >= -(2**15)
    assert np.maximum(each * low, each * high).sum(axis=1).max() < 2**15
    g = np.abs(filtering.filters).sum(axis=1)
    assert 128 * np.outer(g, g).max() < 2**15


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


def test_forms_are_taken_as_far_as_flash_is_granted() -> None:
    # 16 and 36 values of two bytes for nine of one.
    small, large = 16 * 16 * (2 * 16 - 9), 16 * 16 * (2 * 36 - 9)
    without = compiled(layer(), flash=0)
    taken = [compiled(layer(), flash=flash) for flash in (small - 1, small, large - 1, large)]
    forms = [program.layers[0].form for program in taken]
    assert forms == [without.layers[0].form, WINOGRAD_2X2.name, WINOGRAD_2X2.name, WINOGRAD_4X4.name]
    words = [len(constant.values) for constant in taken[3].constants if constant.symbol == "w_0_weights"]
    assert words == [36 * 16 * 16 // 2]
    why = taken[1].layers[0].why
    assert f"{small:,} bytes more flash" in why
    assert why.endswith(f"; {WINOGRAD_4X4.name}: {large:,} bytes more than flash_for_speed grants it")


@pytest.mark.usefixtures("only_2x2")
@pytest.mark.parametrize(
    ("model", "changed", "reason"),
    [
        (layer(), {"optimise_for": "ram"}, "it takes more flash and memory"),
        (layer(), {"flash": 0}, "no flash is granted for speed"),
        (layer(kernel=1), {}, "its filter is not 3x3"),
        (layer(stride=2), {}, "its stride is not 1"),
        (layer(channels=3800, outputs=1), {}, "4 times a sum can exceed 32 bits"),
    ],
)
def test_what_is_refused_says_why(model: bytes, changed: dict[str, object], reason: str) -> None:
    found = compiled(model, **changed).layers[0]  # type: ignore[arg-type]
    assert (found.form, found.why) == (PORTABLE, f"{WINOGRAD_2X2.name}: {reason}")


def test_a_sum_too_large_for_the_larger_tile_leaves_the_smaller() -> None:
    found = compiled(layer(channels=400, outputs=4)).layers[0]
    assert found.form == WINOGRAD_2X2.name
    assert f"{WINOGRAD_4X4.name}: 64 times a sum can exceed 32 bits" in found.why

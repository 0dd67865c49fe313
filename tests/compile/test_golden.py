"""The C that each operator becomes, kept as files.

After a wanted change: CHIPCAST_WRITE_GOLDEN=1 pytest tests/compile/test_golden.py, then read the diff.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.flatbuffer_builder import ModelBuilder
from tests.host_runner import HOST_AS_DSP, compile_model
from tests.operators.usual_layers import added, conv_2d, conv_3x3, depthwise, fully_connected, square
from tests.pruned_model import in_blocks, pruned, unstructured
from tests.random_networks import STEPS, single_operator_network
from toolchain.compile.operators.table import OPERATORS
from toolchain.render.model_source import render_model
from toolchain.vocabulary.program import PORTABLE, Program

GOLDEN = Path(__file__).parent / "golden"


def dequantize() -> bytes:
    builder = ModelBuilder()
    source = builder.tensor((1, 5), "INT8", 0.25, 3)
    output = builder.tensor((1, 5), "FLOAT32")
    builder.operator("DEQUANTIZE", [source], [output])
    return builder.build([source], [output])


def golden_model(name: str) -> bytes:
    return dequantize() if name == "DEQUANTIZE" else single_operator_network(name, seed=7)


@pytest.mark.parametrize("name", sorted(OPERATORS))
def test_generated_c_is_the_golden(name: str) -> None:
    program = compile_model(golden_model(name), name=name.lower())
    source = render_model(program)["model_model.c"]
    file = GOLDEN / f"{name.lower()}.c"
    if os.environ.get("CHIPCAST_WRITE_GOLDEN"):
        GOLDEN.mkdir(exist_ok=True)
        file.write_text(source)
    assert source == file.read_text()


@pytest.mark.parametrize(
    ("name", "layer", "seed"),
    [
        ("conv_2d", conv_2d, 1),
        ("conv_2d_any_sign", conv_2d, 4),
        ("fully_connected", fully_connected, 1),
        ("fully_connected_widened", fully_connected, 3),
        ("conv_2d_sparse_blocks", lambda seed: pruned(square(32, seed=seed), in_blocks(0.8)), 1),
        ("conv_2d_sparse", lambda seed: pruned(square(32, seed=seed), unstructured(0.93)), 1),
        ("depthwise_3x3", depthwise, 31),
        ("depthwise_3x3_stride_2", depthwise, 43),
        ("depthwise_any_filter", depthwise, 0),
        ("add", partial(added, "ADD"), 0),
        ("average_pool_2d", partial(single_operator_network, "AVERAGE_POOL_2D"), 8),
    ],
)
def test_generated_c_for_a_core_with_dsp_is_the_golden(
    name: str, layer: Callable[[int], bytes], seed: int
) -> None:
    program = compile_model(layer(seed), name=name, board=HOST_AS_DSP)
    assert program.layers[0].form != PORTABLE
    check_dsp(program, name)


@pytest.mark.parametrize(("name", "seed"), [("winograd_2x2", 47), ("winograd_4x4", 49)])
def test_generated_c_of_a_form_that_takes_flash_is_the_golden(name: str, seed: int) -> None:
    program = compile_model(conv_3x3(seed), name=name, board=HOST_AS_DSP, flash_for_speed=2**20)
    assert [call.kernel for layer in program.layers for call in layer.calls] == [f"{name}_s8_dsp"]
    check_dsp(program, name)


def check_dsp(program: Program, name: str) -> None:
    source = render_model(program)["model_model.c"]
    file = GOLDEN.with_name("golden_dsp") / f"{name}.c"
    if os.environ.get("CHIPCAST_WRITE_GOLDEN"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(source)
    assert source == file.read_text()


def test_every_operator_has_a_golden() -> None:
    assert set(OPERATORS) <= {*STEPS, "DEQUANTIZE"}
    assert {path.stem.upper() for path in GOLDEN.glob("*.c")} == set(OPERATORS)

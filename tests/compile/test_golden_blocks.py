"""The C for cores that multiply but have no DSP instructions; test_golden.py says how to renew it."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.host_runner import HOST_AS_MUL32, HOST_AS_MUL64, compile_model
from tests.operators.usual_layers import added, conv_2d, depthwise, fully_connected
from toolchain.render.model_source import render_model
from toolchain.vocabulary.board import Board
from toolchain.vocabulary.program import PORTABLE

GOLDEN = Path(__file__).parent / "golden_blocks"


@pytest.mark.parametrize(
    ("name", "layer", "seed", "board"),
    [
        ("conv_2d", conv_2d, 1, HOST_AS_MUL64),
        ("conv_2d_mul32", conv_2d, 1, HOST_AS_MUL32),
        ("fully_connected", fully_connected, 1, HOST_AS_MUL64),
        ("depthwise_3x3", depthwise, 31, HOST_AS_MUL32),
        ("add", partial(added, "ADD"), 0, HOST_AS_MUL32),
    ],
)
def test_generated_c_is_the_golden(name: str, layer: Callable[[int], bytes], seed: int, board: Board) -> None:
    program = compile_model(layer(seed), name=name, board=board)
    assert program.layers[0].form != PORTABLE
    source = render_model(program)["model_model.c"]
    file = GOLDEN / f"{name}.c"
    if os.environ.get("CHIPCAST_WRITE_GOLDEN"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(source)
    assert source == file.read_text()

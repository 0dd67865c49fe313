"""TRANSPOSE against the oracle: every order of one to five axes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from tests.flatbuffer_builder import ModelBuilder
from tests.host_runner import compile_model
from tests.operators.harness import BATCHES
from tests.operators.moving import check, refusal, seeds
from tests.operators.picking import grow_transpose


@BATCHES
@given(seeds)
def test_every_tensor_is_the_oracles(tmp_path_factory: pytest.TempPathFactory, numbers: list[int]) -> None:
    check(grow_transpose, numbers, Path(tmp_path_factory.mktemp("transpose")), ranks=(1, 5))


def model(permutation: list[int], output: tuple[int, ...]) -> bytes:
    builder = ModelBuilder()
    shape = (4, 3) if len(permutation) < 6 else (1,) * len(permutation)
    source = builder.tensor(shape, "INT8", 0.5, 3)
    constant = builder.tensor((len(permutation),), "INT32", data=np.array(permutation))
    made = builder.tensor(output, "INT8", 0.5, 3)
    builder.operator("TRANSPOSE", [source, constant], [made])
    return builder.build([source], [made])


def test_what_the_reference_does_not_take_is_refused() -> None:
    assert refusal(model([1, 0], (3, 4))) == "compiled"
    assert "permutation is [0, 0] for 2 axes" in refusal(model([0, 0], (4, 4)))
    assert "permutation is [1, -2] for 2 axes" in refusal(model([1, -2], (3, 4)))
    assert "permutation is [0] for 2 axes" in refusal(model([0], (4, 3)))
    assert "where (3, 4) follows" in refusal(model([1, 0], (4, 3)))
    assert "for 6 axes" in refusal(model([5, 4, 3, 2, 1, 0], (1,) * 6))


def test_axes_of_one_index_move_for_free() -> None:
    builder = ModelBuilder()
    source = builder.tensor((1, 6, 1, 4), "INT8", 0.5, 3)
    relu, made, after = (
        builder.tensor(s, "INT8", 0.5, 3) for s in ((1, 6, 1, 4), (6, 1, 4, 1), (6, 1, 4, 1))
    )
    builder.operator("RELU", [source], [relu])
    builder.operator("TRANSPOSE", [relu, builder.tensor((4,), "INT32", data=np.array([1, 2, 3, 0]))], [made])
    builder.operator("RELU", [made], [after])
    program = compile_model(builder.build([source], [after]))
    assert [len(layer.calls) for layer in program.layers] == [1, 0, 1]

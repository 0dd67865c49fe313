"""Flash that makes layers faster goes where a byte saves the most cycles."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.host_runner import HOST_AS_DSP
from tests.random_networks import single_operator_network
from toolchain.compile import compile_graph
from toolchain.compile.flash_for_speed import within_flash
from toolchain.compile.flash_left import CODE_BYTES, flash_left
from toolchain.compile.lowering import Candidate, Lowering
from toolchain.config import DeployConfig, config_from
from toolchain.convert.read_tflite import read_graph
from toolchain.errors import ConfigError
from toolchain.vocabulary.board import Board, Memory


def candidate(cycles: float, more_flash: int = 0) -> Candidate:
    return Candidate(cycles, "", lambda pool: Lowering(()), more_flash)


def test_what_takes_no_more_flash_may_always_be_taken() -> None:
    assert within_flash([[candidate(5), candidate(7)], []], 0) == [[True, True], []]


def test_the_most_cycles_a_byte_come_first() -> None:
    layers = [
        [candidate(1000), candidate(400, 100)],  # 6 a byte
        [candidate(1000), candidate(500, 50)],  # 10 a byte
        [candidate(1000), candidate(200, 40)],  # 20 a byte
    ]
    assert within_flash(layers, 39) == [[True, False]] * 3
    assert within_flash(layers, 100) == [[True, False], [True, True], [True, True]]
    assert within_flash(layers, 190) == [[True, True]] * 3


def test_a_smaller_one_is_taken_where_the_best_does_not_fit() -> None:
    layers = [[candidate(1000), candidate(0, 100)], [candidate(1000), candidate(900, 20)]]
    assert within_flash(layers, 50) == [[True, False], [True, True]]


def test_a_layer_is_granted_a_dearer_form_later() -> None:
    layers = [[candidate(1000), candidate(500, 10), candidate(400, 100)]]
    assert within_flash(layers, 99) == [[True, True, False]]
    assert within_flash(layers, 100) == [[True, False, True]]


def test_what_is_no_faster_is_not_granted() -> None:
    assert within_flash([[candidate(5), candidate(5, 1), candidate(6, 1)]], 9) == [[True, False, False]]


def test_flash_buys_what_nothing_else_computes_before_all_else() -> None:
    layers = [[candidate(1000), candidate(10, 1)], [candidate(10**9, 5)]]
    assert within_flash(layers, 5) == [[True, False], [True]]


def board(flash: int) -> Board:
    memory = Memory(flash_bytes=flash, ram_bytes=2**18, flash_origin=0, ram_origin=2**29)
    return HOST_AS_DSP.model_copy(update={"memory": memory})


def test_what_is_left_is_what_constants_and_code_do_not_take() -> None:
    graph = read_graph(single_operator_network("FULLY_CONNECTED", 1), "test")
    constants = compile_graph(graph, HOST_AS_DSP, prefix="test").constant_bytes
    assert constants > 0
    assert flash_left(graph, board(2**20)) == 2**20 - constants - CODE_BYTES
    assert flash_left(graph, board(2**20), max_flash=2**19) == 2**19 - constants - CODE_BYTES
    assert flash_left(graph, board(CODE_BYTES)) == 0
    assert flash_left(graph, HOST_AS_DSP) == 2**31 - 1 - constants - CODE_BYTES


@pytest.mark.parametrize(
    ("given", "found"), [(0, 0), (4096, 4096), ("64K", 2**16), ("1 MiB", 2**20), ("auto", "auto")]
)
def test_it_is_given_in_bytes_or_left_to_the_board(given: object, found: object, tmp_path: Path) -> None:
    assert config(tmp_path, given).flash_for_speed == found


@pytest.mark.parametrize("given", [-1, 1.5, True, "64X", "all", None])
def test_anything_else_is_refused(given: object, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="flash_for_speed: "):
        config(tmp_path, given)


def config(folder: Path, flash: object) -> DeployConfig:
    model = folder / "model.tflite"
    model.touch()
    return config_from({"model": {"path": str(model)}, "flash_for_speed": flash})

"""Which boards a model would fit: figures beside those of firmware that was built, and who is left out."""

from __future__ import annotations

import contextlib
import json
import tomllib
from pathlib import Path

import pytest

from tests.cli.test_main import chipcast, refused
from tests.compile.test_mlperf_tiny import FOLDER, MODELS
from tests.corridor.models import int8_classifier
from tests.random_16x8_networks import random_16x8_network
from toolchain import paths
from toolchain.cli.boards import own_folders
from toolchain.compile import compile_graph
from toolchain.convert.read_tflite import read_graph
from toolchain.errors import ConfigError, ModelError
from toolchain.load.board import list_boards, load_board
from toolchain.pipeline.choose_board import fits_of
from toolchain.vocabulary.measurement import Kind

HELD = tomllib.loads((Path(__file__).parents[1] / "bench" / "held.toml").read_text())


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.tflite"
    path.write_bytes(int8_classifier())
    return path


def test_every_board_is_told_with_its_figures(small: Path) -> None:
    boards = list_boards()
    fits = fits_of(small, boards)
    assert list(fits) == [board.id for board in boards]
    for fit in fits.values():
        assert fit.kind is Kind.ESTIMATED
        assert fit.flash_bytes is not None
        assert fit.data_flash_bytes is not None
        assert fit.ram_bytes is not None
        assert fit.data_ram_bytes is not None
        assert 0 < fit.data_flash_bytes < fit.flash_bytes
        assert 0 < fit.data_ram_bytes < fit.ram_bytes
        assert fit.fits == (fit.reason is None)


def test_what_is_too_small_is_told_to_the_byte(small: Path) -> None:
    board = load_board("sim_cortex_m3")
    fit = fits_of(small, [board])[board.id]
    assert fit.ram_bytes is not None
    memory = board.memory.model_copy(update={"ram_bytes": fit.ram_bytes - 1, "flash_bytes": 1000})
    tight = board.model_copy(update={"memory": memory})
    assert fit.flash_bytes is not None
    flash, ram = fit.flash_bytes - 1000, fit.ram_bytes - 1
    assert fits_of(small, [tight])[board.id].reason == (
        f"{flash:,} bytes too large for its flash of 1,000 and 1 bytes too large for its RAM of {ram:,}"
    )


def test_constants_lie_in_the_ram_of_an_avr(small: Path) -> None:
    board = load_board("sim_arduino_mega")
    fit = fits_of(small, [board])[board.id]
    program = compile_graph(read_graph(small.read_bytes(), "small"), board, prefix="model")
    ports = sum(port.bytes for port in (*program.inputs, *program.outputs))
    assert fit.data_ram_bytes == program.arena_bytes + ports + program.constant_bytes


def test_what_cannot_be_compiled_for_a_board_does_not_fit_it(tmp_path: Path) -> None:
    path = tmp_path / "wide.tflite"
    path.write_bytes(random_16x8_network(1, 2))
    fit = fits_of(path, [load_board("sim_arduino_mega")])["sim_arduino_mega"]
    assert not fit.fits
    assert fit.flash_bytes is None
    assert "16-bit values are not supported on AVR" in (fit.reason or "")


@pytest.mark.skipif(not FOLDER.is_dir(), reason=f"the MLPerf Tiny models are not at {FOLDER}")
@pytest.mark.parametrize("name", MODELS)
def test_the_rule_meets_what_was_built(name: str) -> None:
    """Flash beside the weights, as `make bench` holds it for the models' firmware; the arena is exact."""
    board = load_board("sim_cortex_m4")
    path = FOLDER / f"{MODELS[name][0]}.tflite"
    fit = fits_of(path, [board])[board.id]
    whole = compile_graph(read_graph(path.read_bytes(), name), board, prefix="model")
    assert fit.flash_bytes is not None
    assert fit.data_ram_bytes is not None
    held = HELD[name]["flash_beside_weights"]
    if not whole.kept:  # what is held was built with every channel
        assert abs(fit.flash_bytes - whole.weights_bytes - held) < 0.2 * held
    ports = sum(port.bytes for port in (*whole.inputs, *whole.outputs))
    assert fit.data_ram_bytes == whole.arena_bytes + ports


def test_the_verb_filters(small: Path) -> None:
    done = chipcast("boards", "--ram-min", "200K", "--flash-min", "3M", "--fits", small, "--json")
    assert done.returncode == 0, done.stderr
    told = {board["id"]: board for board in json.loads(done.stdout)}
    assert {"pico2", "teensy41", "esp32dev"} <= set(told)
    assert "nucleo_h743zi" not in told
    assert told["pico2"]["fit"]["kind"] == "estimated"
    assert told["pico2"]["fit"]["fits"] is True
    one = json.loads(chipcast("boards", "microbit", "--fits", small, "--json").stdout)
    assert one["fit"]["flash_bytes"] > one["fit"]["data_flash_bytes"]
    heading, *rows = chipcast("boards", "--ram-min", "512K", "--fits", small).stdout.splitlines()
    assert heading.split() == ["board", "flash", "RAM", "takes", "flash", "takes", "RAM", "kind"]
    assert rows
    assert all(row.endswith(" estimated") and len(row) <= 80 for row in rows)


def test_a_projects_own_boards_are_listed_beside_its_deploy_toml(tmp_path: Path) -> None:
    (tmp_path / "boards").mkdir()
    text = (paths.boards() / "sim_cortex_m4.toml").read_text()
    (tmp_path / "boards" / "mine.toml").write_text(text.replace('id = "sim_cortex_m4"', 'id = "mine"'))
    assert own_folders(tmp_path / "x") == [tmp_path / "x"]
    with contextlib.chdir(tmp_path):
        assert own_folders(None) == []
        (tmp_path / "deploy.toml").touch()
        assert "mine" in {board.id for board in list_boards(own_folders(None))}


def test_wrong_words(tmp_path: Path) -> None:
    assert "such as 64K" in refused(ConfigError.exit_code, "boards", "--ram-min", "64 lots")
    assert "cannot be read" in refused(ModelError.exit_code, "boards", "--fits", tmp_path / "absent.tflite")
    (tmp_path / "a.keras").write_bytes(b"PK")
    assert "chipcast optimise" in refused(ModelError.exit_code, "boards", "--fits", tmp_path / "a.keras")

"""The digits example on every board that says it is verified: the same bytes on all of them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_main import chipcast
from tests.corridor.conftest import FEW
from tests.corridor.models import CLASSES, int8_classifier
from tests.firmware.tools import require_tools_or_skip
from tests.random_16x8_networks import random_16x8_network
from toolchain.compile import compile_graph
from toolchain.convert.read_tflite import read_graph
from toolchain.errors import DoesNotFitError, UnsupportedError
from toolchain.load.board import list_boards, load_board

RUN = [board.id for board in list_boards() if board.verified.get("aot") == "simulated"]
# An AVR holds constants in RAM, of which the Mega has 8 KB: the digits' weights alone are 5.
TOO_SMALL_FOR_DIGITS = ["sim_arduino_mega"]


@pytest.mark.slow
@pytest.mark.simulator
@pytest.mark.parametrize("name", [name for name in RUN if name not in TOO_SMALL_FOR_DIGITS])
def test_digits_give_the_references_bytes(name: str, digits_int8: Path, tmp_path: Path) -> None:
    require_tools_or_skip(name)
    words = ("--data", digits_int8 / "few.npz", "--board", name, "--out", tmp_path / "out", "--json")
    done = chipcast("deploy", digits_int8 / "model.tflite", *words)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["board"] == name
    assert report["parity"]["compared_bytes"] == 10 * FEW
    assert report["parity"]["mismatched_bytes"] == 0
    assert report["accuracy"]["device"] == report["accuracy"]["int8_host"] > 0.9
    check_timing_and_sizes(report)


def check_timing_and_sizes(report: dict[str, Any]) -> None:
    board = load_board(report["board"])
    assert report["timing"]["kind"] == board.timer.kind
    assert report["timing"]["model"] == board.timer.model
    assert report["timing"]["min"] > 0
    if board.memory.flash_bytes:
        memories = [region.bytes for region in board.memory.regions] or [board.memory.ram_bytes]
        assert report["firmware"]["flash_bytes"] <= board.memory.flash_bytes
        assert report["firmware"]["ram_bytes"] <= sum(memories)


@pytest.mark.simulator
@pytest.mark.parametrize("name", TOO_SMALL_FOR_DIGITS)
def test_a_small_model_gives_the_references_bytes(name: str, tmp_path: Path) -> None:
    require_tools_or_skip(name)
    (tmp_path / "small.tflite").write_bytes(int8_classifier())
    words = ("--board", name, "--out", tmp_path / "out", "--per-layer", "--json")
    done = chipcast("deploy", tmp_path / "small.tflite", *words)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["parity"]["mismatched_bytes"] == 0
    assert report["parity"]["compared_bytes"] >= 32 * CLASSES
    check_timing_and_sizes(report)


@pytest.mark.parametrize("name", TOO_SMALL_FOR_DIGITS)
def test_what_does_not_fit_is_told_by_the_linkers_count(name: str, tmp_path: Path) -> None:
    """60 filters: 7 KB of weights, and on an AVR they lie in RAM."""
    require_tools_or_skip(name)
    (tmp_path / "large.tflite").write_bytes(int8_classifier(filters=60))
    done = chipcast("build", tmp_path / "large.tflite", "--board", name, "--out", tmp_path / "out")
    assert done.returncode == DoesNotFitError.exit_code
    assert re.search(r"[0-9,]+ bytes too large for its RAM of 8,192 bytes", " ".join(done.stderr.split()))


def test_16_bit_activations_are_refused_where_an_int_has_16_bits() -> None:
    graph = read_graph(random_16x8_network(1, 2), "wide")
    with pytest.raises(UnsupportedError, match="16-bit values are not supported on AVR"):
        compile_graph(graph, load_board("sim_arduino_mega"), prefix="model")

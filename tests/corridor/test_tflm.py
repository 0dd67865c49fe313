"""The engine tflm, with the library that CHIPCAST_TFLM_LIBRARY names (docs/tflm.md), else skipped."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli.test_main import chipcast
from tests.corridor.conftest import FEW
from tests.corridor.models import int8_classifier
from tests.firmware.tools import require_tools_or_skip
from tests.operators.grown import grown_model
from tests.operators.streaming import grow_delay
from toolchain.build import build_firmware
from toolchain.compile.tflm_operators import RESOLVER_METHODS
from toolchain.errors import MissingLibraryError
from toolchain.flash import flashed
from toolchain.load.board import list_boards, load_board
from toolchain.load.project import open_project
from toolchain.load.tflm_library import ENVIRONMENT
from toolchain.pipeline.board_line import BoardLine, opened_device
from toolchain.pipeline.locate_divergence import copy_with_dumps
from toolchain.simulate.oracle import Oracle

MLPERF = Path(__file__).resolve().parents[3] / "shared" / "data" / "mlperf_tiny"
LIBRARY = os.environ.get(ENVIRONMENT)
with_library = pytest.mark.skipif(not LIBRARY, reason=f"{ENVIRONMENT} names no TensorFlow Lite Micro")
with_mlperf = pytest.mark.skipif(not MLPERF.is_dir(), reason="the models of MLPerf Tiny are not there")

# Measured with tflite-micro 90b983c, CMSIS-NN and gcc 12.2 on QEMU's mps2-an386, outside of chipcast:
# instructions of a warm inference (the better of TFLM's own flags and -O3), and `arena_used_bytes`.
BASELINE = {
    "kws_ref_model_int8": (7_699_895, 22_820),
    "ic_resnet8_int8": (29_863_361, 54_996),
    "vww_mobilenet_v1_025_96_int8": (24_101_965, 100_708),
    "ad_autoencoder_int8": (582_322, 2_580),
}
RUN = [board.id for board in list_boards() if board.verified.get("tflm") == "simulated"]


def deployed(*words: str | Path, board: str = "sim_cortex_m4") -> dict[str, Any]:
    done = chipcast("deploy", *words, "--board", board, "--json", timeout=3600)
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


@with_library
@with_mlperf
@pytest.mark.slow
@pytest.mark.simulator
@pytest.mark.parametrize("name", BASELINE)
def test_mlperf_tiny_agrees_with_the_baseline(name: str, tmp_path: Path) -> None:
    """Within 5 %: instructions, and the arena that the interpreter uses; both engines give the same bytes."""
    require_tools_or_skip("sim_cortex_m4")
    words = ("--engine", "aot,tflm", "--random-samples", "3", "--out", tmp_path)
    report = deployed(MLPERF / f"{name}.tflite", *words)
    assert [result["engine"] for result in report["engines"]] == ["aot", "tflm"]
    for result in report["engines"]:
        assert result["figures"]["parity"]["mismatched_bytes"] == 0
        assert result["figures"]["differing_bytes"] == 0
        assert result["figures"]["compared_bytes"] > 0
    figures = report["engines"][1]["figures"]
    arena = json.loads((tmp_path / "engine-tflm/.stages/arena.json").read_text())["result"]
    assert figures["timing"]["median"] == pytest.approx(BASELINE[name][0], rel=0.05)
    assert arena["used_bytes"] == pytest.approx(BASELINE[name][1], rel=0.05)
    # What is needed is found to 16 bytes, and is what the firmware got.
    assert arena["used_bytes"] <= arena["need_bytes"] == figures["arena_bytes"] < arena["tried_bytes"]


@with_library
@pytest.mark.slow
@pytest.mark.simulator
@pytest.mark.parametrize("board", RUN)
def test_digits_under_tflm(board: str, digits_int8: Path, tmp_path: Path) -> None:
    require_tools_or_skip(board)
    words = ("--data", digits_int8 / "few.npz", "--engine", "tflm", "--per-layer", "--out", tmp_path)
    report = deployed(digits_int8 / "model.tflite", *words, board=board)
    assert report["engine"] == report["provenance"]["engine"] == "tflm"
    assert report["parity"] == {**report["parity"], "compared_bytes": 10 * FEW, "mismatched_bytes": 0}
    assert report["accuracy"]["device"] == report["accuracy"]["int8_host"] > 0.9
    layers = report["timing"]["per_layer"]
    assert sum(layer["value"] for layer in layers) == pytest.approx(report["timing"]["median"], rel=0.02)
    # Its own reserve of memory is all that there is.
    symbols = (tmp_path / f"project/.pio/build/{board}/firmware.map").read_text()
    assert "_malloc_r" not in symbols
    assert chipcast("verify", tmp_path / "report.json", timeout=3600).returncode == 0


@with_library
def test_the_library_has_every_method_that_may_be_called() -> None:
    headers = list(Path(str(LIBRARY)).glob("**/tensorflow/lite/micro/micro_mutable_op_resolver.h"))
    if not headers:
        pytest.skip(f"{ENVIRONMENT} names no folder to look into")
    text = headers[0].read_text(encoding="utf-8")
    assert [method for method in RESOLVER_METHODS.values() if f" {method}(" not in text] == []


def test_no_library_is_one_sentence_before_anything_is_built(tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(int8_classifier())
    words = ("--engine", "aot,tflm", "--board", "host", "--out", tmp_path / "out")
    done = chipcast("deploy", tmp_path / "model.tflite", *words, env={ENVIRONMENT: ""})
    assert done.returncode == MissingLibraryError.exit_code
    assert "none is named" in done.stderr
    assert not (tmp_path / "out").exists()


def test_one_engine_is_built_at_a_time(tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(int8_classifier())
    done = chipcast("build", tmp_path / "model.tflite", "--engine", "aot,tflm", "--out", tmp_path / "out")
    assert done.returncode == 10
    assert "One engine is built at a time" in done.stderr


@with_library
@pytest.mark.simulator
def test_every_layers_tensor_is_the_oracles(tmp_path: Path) -> None:
    """The firmware that tells tensors stops after any layer, where a divergence would be looked for."""
    require_tools_or_skip("sim_cortex_m4")
    (tmp_path / "model.tflite").write_bytes(int8_classifier())
    deployed(
        tmp_path / "model.tflite", "--engine", "tflm", "--random-samples", "1", "--out", tmp_path / "out"
    )
    project, board = open_project(tmp_path / "out"), load_board("sim_cortex_m4")
    row = np.arange(36, dtype=np.uint8)
    expected = Oracle(int8_classifier()).tensors(row.tobytes())
    copy = tmp_path / "copy"
    copy_with_dumps(project.folder, copy)
    firmware = build_firmware(copy, board, log=tmp_path / "log")
    with (
        flashed(copy, board, log=tmp_path / "log") as running,
        opened_device(running, board, BoardLine(), just_flashed=True) as device,
    ):
        device.require_build(firmware.build_id)
        for number, layer in reversed(list(enumerate(project.manifest.program.layers))):
            found = device.layer_outputs(number, row.tobytes())
            assert found == tuple(expected[tensor] for tensor in layer.outputs), layer
        assert device.infer(row.tobytes()).output == expected[project.manifest.program.outputs[0].tensor]


@with_library
@pytest.mark.slow
@pytest.mark.simulator
def test_resource_variables_live_on_and_are_reset(tmp_path: Path) -> None:
    """The same stream by both engines, and anew from its beginning; an initialiser runs first."""
    require_tools_or_skip("sim_cortex_m4")
    (tmp_path / "model.tflite").write_bytes(grown_model(grow_delay(initialised=True), 1))
    words = ("--engine", "tflm,aot", "--random-samples", "6", "--out", tmp_path / "out")
    report = deployed(tmp_path / "model.tflite", *words)
    assert report["provenance"]["state_reset"] == "never"
    figures = [result["figures"] for result in report["engines"]]
    assert [each["parity"]["mismatched_bytes"] for each in figures] == [0, 0]
    assert report["memory"]["state_bytes"] == 0  # they lie in the arena

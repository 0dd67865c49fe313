"""`chipcast inspect`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.test_main import chipcast, refused
from tests.corridor.models import float_classifier, int8_classifier, unsupported_model


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "small.tflite"
    path.write_bytes(int8_classifier())
    return path


def test_every_layer_with_its_figures(model: Path) -> None:
    done = chipcast("inspect", model)
    assert done.returncode == 0, done.stderr
    assert max(map(len, done.stdout.splitlines())) <= 100
    for wanted in ("CONV_2D", "6×6×4", "FULLY_CONNECTED", "1,296", "int8", "scale 0.02"):
        assert wanted in done.stdout
    document = json.loads(chipcast("inspect", model, "--json").stdout)
    assert document["schema"] == "chipcast.inspection/1"
    assert document["format"] == "tflite"
    assert document["file_bytes"] == model.stat().st_size > document["gzip_bytes"]
    figures = document["figures"]
    assert figures["macs"] == sum(layer["macs"] for layer in figures["layers"]) == 36 * 4 * 9 + 432
    assert figures["layers"][0]["kernel"]["weights"] == 36


@pytest.mark.parametrize("make", [float_classifier, unsupported_model])
def test_a_model_that_no_board_runs_is_inspected_too(tmp_path: Path, make: object) -> None:
    path = tmp_path / "other.tflite"
    path.write_bytes(make())  # type: ignore[operator]
    assert chipcast("inspect", path).returncode == 0


def test_what_is_no_model(tmp_path: Path) -> None:
    assert "does not exist" in refused(11, "inspect", tmp_path / "nowhere.keras")
    path = tmp_path / "text.tflite"
    path.write_text("hello")
    refused(11, "inspect", path)


@pytest.mark.slow
def test_a_keras_model(tmp_path: Path) -> None:
    from toolchain.tensorflow_import import import_stack  # noqa: PLC0415

    tf_keras = import_stack("tf_keras")
    network = tf_keras.Sequential([tf_keras.Input((6,)), tf_keras.layers.Dense(3, name="last")])
    network.save(tmp_path / "model.keras", save_format="keras")
    done = chipcast("inspect", tmp_path / "model.keras")
    assert done.returncode == 0, done.stderr
    assert "last" in done.stdout
    assert "float32 ?×6" in done.stdout

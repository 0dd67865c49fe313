"""The digits example keeps its promise: trained by its own script, pruned by half, all int8, hardly worse."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from tflite_micro.python.tflite_micro import runtime

from toolchain.convert.read_tflite import read_graph
from toolchain.convert.to_int8 import convert_to_int8
from toolchain.load.dataset import load_data
from toolchain.load.fit_data import fit_data
from toolchain.load.input_bytes import quantise_inputs
from toolchain.load.keras_model import load_keras
from toolchain.optimise.run_steps import optimise_model
from toolchain.vocabulary.data_settings import DataSettings
from toolchain.vocabulary.steps.prune import PruneSettings

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "digits"


def silent(share: float, words: str) -> None:
    pass


@pytest.mark.slow
def test_train_prune_and_convert(tmp_path: Path) -> None:
    command = [sys.executable, str(EXAMPLE / "train.py"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=280)
    assert "5130 parameters" in done.stdout
    config = tomllib.loads((EXAMPLE / "deploy.toml").read_text(encoding="utf-8"))
    model = load_keras(tmp_path / config["model"]["path"])
    data = fit_data(
        load_data(DataSettings(path=tmp_path / config["data"]["path"])),
        model.input_shape,
        classes=model.outputs,
    )
    assert data.train is not None
    assert data.test.labels is not None
    assert len(data.test) == 400
    overlap = {row.tobytes() for row in data.train.inputs} & {row.tobytes() for row in data.test.inputs}
    assert not overlap

    steps = [PruneSettings(**step) for step in config["optimise"]]
    result = optimise_model(model, steps, data, seed=0, work=tmp_path / "work", progress=silent)
    assert result.summary.accuracy is not None
    assert result.summary.accuracy >= 0.97
    assert result.records[0].accuracy_after is not None
    assert result.records[0].sparsity == pytest.approx(0.5, abs=0.01)

    calibration = np.asarray(data.train.inputs[: config["convert"]["calibration_samples"]], np.float32)
    int8 = convert_to_int8(result.model_file, calibration, progress=silent)
    source = (graph := read_graph(int8, "digits")).tensors[graph.inputs[0]]
    rows = quantise_inputs(data.test, source.dtype, source.quantisation, source.shape)
    interpreter = runtime.Interpreter.from_bytes(int8)
    right = 0
    for row, label in zip(rows, data.test.labels, strict=True):
        interpreter.set_input(row.view(np.int8).reshape(source.shape), 0)
        interpreter.invoke()
        right += int(np.argmax(interpreter.get_output(0)) == label)
    assert right / len(rows) >= result.summary.accuracy - 0.01

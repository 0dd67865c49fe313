"""The main job as the README promises it, on real data."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli.test_main import chipcast
from toolchain.simulate.oracle import Oracle

REPOSITORY = Path(__file__).parents[2]
EXAMPLE = REPOSITORY / "examples" / "digits"
SHARED = REPOSITORY.parent / "shared" / "data" / "mlperf_tiny"
needs_shared = pytest.mark.skipif(
    not SHARED.is_dir(), reason="the MLPerf Tiny models and data (../shared/data/mlperf_tiny) are not here"
)


def deploy(*words: str | Path) -> dict[str, Any]:
    done = chipcast("deploy", *words, "--json")
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


@pytest.mark.slow
@pytest.mark.simulator
def test_digits_from_keras_to_the_simulated_board(tmp_path: Path, digits: Path) -> None:
    for file in ("digits.keras", "digits.npz", "deploy.toml"):
        shutil.copy(digits / file, tmp_path)
    out = tmp_path / "out"
    report = deploy(tmp_path / "deploy.toml", "--out", out)

    accuracy = report["accuracy"]
    assert accuracy["samples"] >= 300
    assert accuracy["float"] >= 0.96
    assert accuracy["int8_host"] >= accuracy["float"] - 0.01
    assert accuracy["device"] == accuracy["int8_host"]
    assert report["parity"]["mismatched_bytes"] == 0
    assert report["parity"]["compared_bytes"] == 10 * accuracy["samples"]
    (step,) = report["optimise"]
    assert step["sparsity"] == pytest.approx(0.5, abs=0.01)
    assert report["timing"]["kind"] == "counted"
    assert report["model"]["int8_bytes"] < report["model"]["float_bytes"] / 4
    assert report["firmware"]["flash_bytes"] < 32_000

    # Nothing changed: no TensorFlow, and done at once.
    script = (
        "import sys\n"
        "from toolchain.cli.main import main\n"
        f"sys.argv = ['chipcast', 'deploy', {str(tmp_path / 'deploy.toml')!r}]\n"
        f"sys.argv += ['--out', {str(out)!r}, '--json']\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert end.code == 0, end.code\n"
        "assert 'tensorflow' not in sys.modules\n"
    )
    begun = time.monotonic()
    again = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert again.returncode == 0, again.stderr
    assert time.monotonic() - begun < 10
    assert json.loads(again.stdout) == report

    # The same by options instead of the file.
    document = tomllib.loads((EXAMPLE / "deploy.toml").read_text())
    prune = document["optimise"][0]
    settings = " ".join(f"{key}={value}" for key, value in prune.items() if key != "step")
    options = ["--step", f"{prune['step']} {settings}"]
    for key, limit in document["budget"].items():
        options += [f"--{key.replace('_', '-')}", str(limit)]
    data = ("--data", tmp_path / "digits.npz")
    by_options = deploy(tmp_path / "digits.keras", *data, *options, "--out", out)
    assert by_options == report

    # What was left is a project that PlatformIO builds without this tool.
    done = subprocess.run(
        [sys.executable, "-m", "platformio", "run"],
        cwd=out / "project",
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@needs_shared
@pytest.mark.simulator
def test_keyword_spotting_on_all_its_real_samples(tmp_path: Path) -> None:
    model, data = SHARED / "kws_ref_model_int8.tflite", SHARED / "kws01_700.npz"
    report = deploy(model, "--data", data, "--board", "sim_cortex_m4", "--out", tmp_path / "out")
    with np.load(data) as arrays:
        rows = arrays["features"].reshape(700, -1).view(np.uint8)
        right = Oracle(model.read_bytes()).run(rows).view(np.int8).argmax(axis=1) == arrays["labels"]
    assert report["accuracy"]["samples"] == 700
    assert report["accuracy"]["device"] == right.mean()
    assert report["parity"] == {
        "oracle": report["parity"]["oracle"],
        "compared_bytes": 700 * 12,
        "mismatched_bytes": 0,
        "first_diverging_layer": None,
        "divergence": None,
    }

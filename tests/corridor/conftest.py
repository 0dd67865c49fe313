"""The digits example, trained once for all tests of a run."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.cli.test_main import chipcast

FEW = 40
EXAMPLE = Path(__file__).parents[2] / "examples" / "digits"


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder with digits.keras, digits.npz and deploy.toml; the workers of one run share it."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "digits"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "deploy.toml").is_file():
            subprocess.run([sys.executable, EXAMPLE / "train.py", folder], check=True, timeout=280)
            shutil.copy(EXAMPLE / "deploy.toml", folder)
    return folder


@pytest.fixture(scope="session")
def digits_int8(digits: Path) -> Path:
    """The same as an int8 model.tflite, with the first FEW of the test samples in few.npz."""
    with (digits / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (digits / "few.npz").is_file():
            words = ("--data", digits / "digits.npz", "--board", "host", "--out", digits / "out")
            done = chipcast("build", digits / "digits.keras", *words)
            assert done.returncode == 0, done.stderr
            shutil.copy(digits / "out" / "model.tflite", digits)
            with np.load(digits / "digits.npz") as data:
                np.savez(digits / "few.npz", x=data["x_test"][:FEW], y=data["y_test"][:FEW])
    return digits

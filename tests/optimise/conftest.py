"""Tests of trainings give the same figures whichever ran before them in the same process."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

_ALONE = "CHIPCAST_TEST_ALONE"


@pytest.fixture(autouse=True)
def same_random_numbers() -> None:
    """Seeds TensorFlow, where it is in use; a network that is shared by tests seeds itself."""
    if "tf_keras" in sys.modules:
        sys.modules["tf_keras"].utils.set_random_seed(0)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Runs a test marked `alone` in a process of its own: what others left in TensorFlow changes figures."""
    if pyfuncitem.get_closest_marker("alone") is None or os.environ.get(_ALONE):
        return None
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", pyfuncitem.nodeid],
        cwd=pyfuncitem.config.rootpath,
        env={**os.environ, _ALONE: "1"},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    return True

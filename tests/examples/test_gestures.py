"""The gestures example holds people out, not windows: who is tested was never trained on."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "gestures"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("seglearn") is None, reason="seglearn is not installed"),
]


@pytest.fixture(scope="module")
def script() -> Any:
    spec = importlib.util.spec_from_file_location("gestures_train", EXAMPLE / "train_gestures.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_three_people_are_held_out(script: Any) -> None:
    data = script.gestures()
    assert data["x_train"].shape[1:] == data["x_test"].shape[1:] == (100, 6)
    assert len(data["x_train"]) == len(data["y_train"]) > 2500
    assert len(data["x_test"]) == len(data["y_test"]) > 1000
    assert set(data["y_train"]) == set(data["y_test"]) == set(range(7))
    content = script.recordings()
    held_out = [
        np.asarray(signal[:100], np.float32).tobytes()
        for signal, person in zip(content["X"], content["subject"], strict=True)
        if int(person) in (8, 9, 10)
    ]
    assert len(held_out) > 30
    trained = {window.tobytes() for window in data["x_train"]}
    assert not trained & set(held_out)
    assert set(held_out) <= {window.tobytes() for window in data["x_test"]}

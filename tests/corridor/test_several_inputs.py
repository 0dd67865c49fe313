"""A model of two inputs, from two arrays: trained, converted, run on this computer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

import toolchain
from toolchain.tensorflow_import import import_stack, tensorflow_noise_to

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("value_range", ["min-max", "percentile"])
def test_two_inputs_of_one_shape_are_not_mixed_up(tmp_path: Path, value_range: str) -> None:
    images, labels = load_digits(return_X_y=True)
    images = (images[:700] / 16).astype(np.float32)
    # The right half counts for nothing in the labels' place: exchanged inputs would be no better than chance.
    np.savez(tmp_path / "d.npz", first=images, second=images[::-1] * 0 + 3, y=labels[:700])
    keras = import_stack("keras")
    keras.utils.set_random_seed(2)
    first, second = keras.Input((64,), name="a"), keras.Input((64,), name="b")
    joined = keras.layers.Concatenate()([keras.layers.Dense(24, activation="relu")(first), second])
    model = keras.Model([second, first], keras.layers.Dense(10, activation="softmax")(joined))
    with tensorflow_noise_to(None):
        model.compile("adam", "sparse_categorical_crossentropy")
        model.fit([images * 0 + 3, images], labels[:700], epochs=25, verbose=0)
        model.save(tmp_path / "two.keras")
    config = toolchain.config_from(
        {
            "model": {"path": tmp_path / "two.keras"},
            "data": {"path": tmp_path / "d.npz", "inputs": ["second", "first"], "labels": "y"},
            "optimise": [{"step": "fine_tune", "epochs": 2}],
            "convert": {"range": value_range},
            "board": "host",
        }
    )
    report = toolchain.deploy(config, out=tmp_path / "out")
    assert report.parity.mismatched_bytes == 0
    assert report.optimise[0].accuracy_after is not None
    assert report.optimise[0].accuracy_after > 0.8
    assert report.accuracy.device is not None
    assert report.accuracy.device > 0.8

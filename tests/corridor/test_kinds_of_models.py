"""What is no classifier goes the whole way too: judged by what fits it, in float and as integers."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

import toolchain
from toolchain.pipeline.optimise import optimise_model
from toolchain.tensorflow_import import import_stack, tensorflow_noise_to
from toolchain.vocabulary.score import Score

pytestmark = pytest.mark.slow


def images() -> Any:
    return (load_digits().images[:500].reshape(500, 64) / 16).astype(np.float32)


def saved(folder: Path, *layers: Any) -> Path:
    keras = import_stack("keras")
    keras.utils.set_random_seed(1)
    with tensorflow_noise_to(None):
        keras.Sequential([keras.Input((64,)), *layers]).save(folder / "model.keras")
    return folder / "model.keras"


def optimised(folder: Path, data: dict[str, Any], **more: Any) -> tuple[Score, Score, Score]:
    """The scores of the float network before and after training, and of the integer model."""
    config = toolchain.config_from(
        {
            "model": {"path": folder / "model.keras"},
            "data": data,
            "optimise": [{"step": "fine_tune", "epochs": 12, "learning_rate": 0.01}],
            "measure": {"each_step": False},
            **more,
        }
    )
    report = optimise_model(config, out=folder / "out")
    first, last = report.points[0], report.points[-1]
    assert last.cost is not None
    assert first.score is not None
    assert last.score is not None
    assert last.cost.score is not None
    return first.score, last.score, last.cost.score


def test_a_regression_by_its_error(tmp_path: Path) -> None:
    layers = import_stack("keras").layers
    saved(tmp_path, layers.Dense(8, activation="relu"), layers.Dense(1))
    ink = images().mean(axis=1) * 4
    np.savez(tmp_path / "d.npz", x=images(), ink=ink)
    data = {"path": tmp_path / "d.npz", "values": "ink"}
    before, after, integers = optimised(tmp_path, data, metric="mae")
    assert before.metric == after.metric == integers.metric == "mae"
    assert after.value < 0.3 * before.value
    assert integers.value < 0.5 * before.value
    assert not integers.higher_is_better


def test_an_autoencoder_without_labels_by_what_it_rebuilds(tmp_path: Path) -> None:
    layers = import_stack("keras").layers
    saved(tmp_path, layers.Dense(24, activation="relu"), layers.Dense(64))
    np.save(tmp_path / "x.npy", images())
    before, after, integers = optimised(tmp_path, {"path": tmp_path / "x.npy"})
    assert before.metric == integers.metric == "mse"
    assert after.value < 0.4 * before.value
    assert integers.value == pytest.approx(after.value, rel=0.3)


def test_yes_or_no_by_the_area_under_the_curve(tmp_path: Path) -> None:
    layers = import_stack("keras").layers
    saved(tmp_path, layers.Dense(16, activation="relu"), layers.Dense(1, activation="sigmoid"))
    np.savez(tmp_path / "d.npz", x=images(), y=load_digits().target[:500] % 2)
    before, after, integers = optimised(tmp_path, {"path": tmp_path / "d.npz"})
    assert before.metric == integers.metric == "auc"
    assert after.value > 0.95 > before.value
    assert integers.value == pytest.approx(after.value, abs=0.02)


def test_data_and_metric_of_the_users_own(tmp_path: Path) -> None:
    layers = import_stack("keras").layers
    saved(tmp_path, layers.Dense(16, activation="relu"), layers.Dense(10, activation="softmax"))
    module = """
        import numpy as np
        from sklearn.datasets import load_digits

        def digits():
            return load_digits().data[:500] / 16, load_digits().target[:500]

        def worst_class(expected, outputs):
            right = outputs.argmax(axis=1) == expected
            return min(right[expected == one].mean() for one in np.unique(expected))
    """
    (tmp_path / "mine.py").write_text(textwrap.dedent(module), encoding="utf-8")
    before, after, integers = optimised(
        tmp_path, {"path": tmp_path / "mine:digits"}, metric=str(tmp_path / "mine:worst_class")
    )
    assert integers.metric == "mine:worst_class"
    assert after.value > before.value + 0.3
    assert integers.interval[0] <= integers.value <= integers.interval[1]

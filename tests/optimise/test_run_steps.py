"""Every step draws numbers of its own: they follow from the seed and the step, not from what ran before."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.optimise.digits import data_of, silent, stack
from toolchain.optimise import run_steps
from toolchain.optimise.step_context import StepContext
from toolchain.tensorflow_import import import_stack
from toolchain.vocabulary.optimisation import KerasModel
from toolchain.vocabulary.steps.fine_tune import FineTuneSettings
from toolchain.vocabulary.steps.prune import PruneSettings

pytestmark = pytest.mark.slow

Drawn = tuple[float, ...]


@pytest.fixture(scope="module")
def model() -> KerasModel:
    tf_keras = stack()
    network = tf_keras.Sequential([tf_keras.Input((64,)), tf_keras.layers.Dense(10, name="dense")])
    return KerasModel(network, Path("digits.keras"), "a" * 64, 1234, (None, 64))


def draw(tf_keras: Any) -> Drawn:
    """One number from everything that a step, a library or a user's module may draw from."""
    initialised = tf_keras.initializers.GlorotUniform()((1, 1))[0, 0]
    uniform = import_stack("tensorflow").random.uniform(())
    return float(initialised), float(uniform), random.random(), float(np.random.random())


def drawn_by_steps(
    model: KerasModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, first_draws: int
) -> list[tuple[int, Drawn]]:
    """What two steps draw, the first of which draws so many times more before it ends."""
    tf_keras, found = stack(), []

    def step(network: Any, settings: Any, context: StepContext) -> Any:
        found.append((context.seed, draw(tf_keras)))
        if settings.step == "fine_tune":
            for _ in range(first_draws):
                draw(tf_keras)
        return network

    monkeypatch.setattr(run_steps, "_STEPS", {"fine_tune": step, "prune": step})
    run_steps.optimise_model(
        model,
        [FineTuneSettings(), PruneSettings()],
        data_of(64),
        seed=seed,
        work=tmp_path,
        progress=silent,
    )
    return found


def test_a_step_draws_the_same_whatever_the_one_before_it_drew(
    model: KerasModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = drawn_by_steps(model, tmp_path, monkeypatch, 3, 5)
    assert drawn_by_steps(model, tmp_path, monkeypatch, 3, 0) == whole
    (seed, first), (other_seed, second) = whole
    assert seed != other_seed, "two steps of one run shuffle alike"
    assert not set(first) & set(second)
    assert not set(first) & set(drawn_by_steps(model, tmp_path, monkeypatch, 4, 0)[0][1])

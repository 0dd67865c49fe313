"""Steps that wrap layers go on where they were killed, and end as if they had not been."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.optimise.digits import data_of, silent, stack
from toolchain.optimise.cluster import cluster
from toolchain.optimise.lottery_ticket import lottery_ticket
from toolchain.optimise.prune import prune
from toolchain.optimise.qat import qat
from toolchain.optimise.step_context import StepContext
from toolchain.tensorflow_import import tensorflow_noise_to
from toolchain.vocabulary.data import DataSet, Samples
from toolchain.vocabulary.steps.cluster import ClusterSettings
from toolchain.vocabulary.steps.lottery_ticket import LotteryTicketSettings
from toolchain.vocabulary.steps.prune import PruneSettings
from toolchain.vocabulary.steps.qat import QatSettings

pytestmark = pytest.mark.slow

STEPS: dict[str, Callable[[Any, StepContext], Any]] = {
    "cluster": lambda network, context: cluster(network, ClusterSettings(clusters=6, epochs=3), context),
    "lottery_ticket": lambda network, context: lottery_ticket(
        network, LotteryTicketSettings(rounds=1, epochs=1), context
    ),
    "prune": lambda network, context: prune(network, PruneSettings(block=(1, 4), epochs=3), context),
    "qat": lambda network, context: qat(network, QatSettings(epochs=3), context),
}


class KilledError(Exception):
    pass


@pytest.fixture(scope="module")
def few() -> DataSet:
    digits = data_of(8, 8, 1)
    assert digits.train is not None
    assert digits.train.labels is not None
    train = Samples(digits.train.inputs[:320], digits.train.labels[:320])
    return DataSet(digits.source, digits.sha256, train, digits.test)


@pytest.fixture(scope="module")
def network() -> Any:
    tf_keras = stack()
    tf_keras.utils.set_random_seed(2)
    layers = tf_keras.layers
    source = tf_keras.Input((8, 8, 1))
    x = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(4, 3)(source)))
    x = layers.Dropout(0.2)(layers.Flatten()(x))
    return tf_keras.Model(source, layers.Dense(10, activation="softmax")(x))


@pytest.mark.parametrize("step", STEPS)
def test_a_killed_step_ends_the_same(network: Any, few: DataSet, tmp_path: Path, step: str) -> None:
    heard: list[float] = []

    def killed(share: float, words: str) -> None:
        heard.append(share)
        if share > 0.8:
            raise KilledError

    def weights_of(context: StepContext) -> list[Any]:
        with tensorflow_noise_to(None):
            return list(STEPS[step](network, context).get_weights())

    whole = weights_of(StepContext(few, 3, silent))
    with pytest.raises(KilledError):
        weights_of(StepContext(few, 3, killed, checkpoints=tmp_path))
    assert heard[0] < 0.1
    heard.clear()
    resumed = weights_of(StepContext(few, 3, lambda share, words: heard.append(share), checkpoints=tmp_path))
    assert heard[0] > 0.6, "it began anew"
    for one, other in zip(whole, resumed, strict=True):
        np.testing.assert_array_equal(one, other)

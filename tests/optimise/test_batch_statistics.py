from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.optimise.digits import context, data_of, stack
from toolchain.optimise.fine_tune import fine_tune
from toolchain.tensorflow_import import tensorflow_noise_to
from toolchain.vocabulary.steps.fine_tune import FineTuneSettings

pytestmark = pytest.mark.slow


def test_after_a_short_training_the_averages_are_those_of_the_data() -> None:
    """By the layer's own momentum of 0.99, 38 steps would leave two thirds of what was before."""
    data = data_of(8, 8, 1)
    assert data.train is not None
    with tensorflow_noise_to(None):
        tf_keras = stack()
        source = tf_keras.Input((8, 8, 1))
        norm: Any = tf_keras.layers.BatchNormalization(name="norm", momentum=0.99)
        x = norm(tf_keras.layers.Rescaling(8.0, offset=3.0)(source))
        x = tf_keras.layers.Dense(10, activation="softmax")(tf_keras.layers.Flatten()(x))
        network = tf_keras.Model(source, x)
        tuned = fine_tune(network, FineTuneSettings(epochs=1), context(data, network, seed=0))
    *_, mean, variance = tuned.get_layer("norm").get_weights()
    seen = np.asarray(data.train.inputs, np.float64) * 8 + 3
    assert mean[0] == pytest.approx(seen.mean(), rel=0.05)
    assert variance[0] == pytest.approx(seen.var(), rel=0.05)
    assert tuned.get_layer("norm").momentum == network.get_layer("norm").momentum == 0.99

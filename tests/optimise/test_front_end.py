from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from pydantic import ValidationError

from tests.optimise.digits import accuracy, context, data_of, int8_and_accuracy, stack, train
from toolchain.errors import DataError, ModelError
from toolchain.optimise.front_end import front_end
from toolchain.optimise.linear_projection import fit_projection
from toolchain.tensorflow_import import tensorflow_noise_to
from toolchain.vocabulary.data import DataSet
from toolchain.vocabulary.steps.front_end import FrontEndSettings, Projection

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def data() -> DataSet:
    return data_of(8, 8, 1)


@pytest.fixture(scope="module")
def trained(data: DataSet) -> Any:
    with tensorflow_noise_to(None):
        tf_keras = stack()
    tf_keras.utils.set_random_seed(0)
    source = tf_keras.Input((8, 8, 1))
    x = tf_keras.layers.Dense(48, activation="relu", name="first")(tf_keras.layers.Flatten()(source))
    return train(
        tf_keras.Model(source, tf_keras.layers.Dense(10, activation="softmax", name="digit")(x)), data, 15
    )


@pytest.mark.parametrize("projection", get_args(Projection))
def test_the_board_computes_the_projection(
    tmp_path: Path, trained: Any, data: DataSet, projection: Projection
) -> None:
    components = None if projection == "standardise" else 24
    settings = FrontEndSettings(projection=projection, components=components, epochs=3)
    with tensorflow_noise_to(None):
        folded = front_end(trained, settings, context(data, trained, seed=0))
    assert data.train is not None
    layer = folded.get_layer("front_end")
    assert layer.units == (components or 64)
    assert folded.input_shape == trained.input_shape
    rows = np.asarray(data.train.inputs, np.float64).reshape(1200, -1)
    features = np.asarray(layer(rows.astype(np.float32)))
    changing = features.std(axis=0) > 1e-3
    np.testing.assert_allclose(features[:, changing].std(axis=0), 1.0, rtol=1e-3)
    wanted = fit_projection(rows, projection, components, 0)
    np.testing.assert_allclose(features, (rows - wanted.mean) @ wanted.forward, atol=1e-4)
    assert accuracy(folded, data) > accuracy(trained, data) - 0.06

    graph, in_int8 = int8_and_accuracy(folded, data, tmp_path)
    kernels = [graph.tensors[op.inputs[1]].shape for op in graph.operators if op.name == "FULLY_CONNECTED"]
    assert kernels == [(components or 64, 64), (48, components or 64), (10, 48)]
    assert {tensor.dtype for tensor in graph.tensors} <= {"INT8", "INT32"}
    assert in_int8 > accuracy(trained, data) - 0.08


def test_before_any_training_the_network_says_what_it_said(
    trained: Any, data: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("toolchain.optimise.step_context.StepContext.fit", lambda *a, **k: None)
    with tensorflow_noise_to(None):
        whole = front_end(trained, FrontEndSettings(projection="standardise"), context(data, trained, seed=0))
        part = front_end(trained, FrontEndSettings(components=30), context(data, trained, seed=0))
    inputs = data.test.inputs
    np.testing.assert_allclose(np.asarray(whole(inputs)), np.asarray(trained(inputs)), atol=1e-3)
    assert accuracy(part, data) > accuracy(trained, data) - 0.05


def test_pca_and_svd_are_those_of_linear_algebra() -> None:
    random = np.random.default_rng(0)
    rows = random.normal(size=(200, 3)) @ random.normal(size=(3, 8)) + 5.0
    for kind, count in (("pca", 3), ("svd", 4), ("ica", 3)):
        found = fit_projection(rows, kind, count, 0)  # type: ignore[arg-type]
        again = (rows - found.mean) @ found.forward @ found.back + found.mean
        np.testing.assert_allclose(again, rows, atol=1e-6)
    found = fit_projection(rows, "pca", 2, 0)
    features = (rows - found.mean) @ found.forward
    np.testing.assert_allclose(np.cov(features.T, bias=True), np.eye(2), atol=1e-6)


def test_what_cannot_be_projected_is_refused(trained: Any, data: DataSet) -> None:
    tf_keras = stack()
    with pytest.raises(ValidationError, match="components goes with"):
        FrontEndSettings(projection="pca")
    with pytest.raises(DataError, match="65 components cannot be had from 1200 samples of 64 values"):
        front_end(trained, FrontEndSettings(components=65), context(data, trained, seed=0))
    with pytest.raises(DataError, match="not negative"):
        fit_projection(np.full((5, 3), -1.0), "nmf", 2, 0)
    source = tf_keras.Input((8, 8, 1))
    x = tf_keras.layers.Flatten()(tf_keras.layers.Conv2D(2, 3)(source))
    network = tf_keras.Model(source, tf_keras.layers.Dense(10, activation="softmax")(x))
    with pytest.raises(ModelError, match="does not begin with a Dense layer"):
        front_end(network, FrontEndSettings(components=8), context(data, network, seed=0))

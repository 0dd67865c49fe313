"""Layers of the user's own: found in every kind of file, translated through the user's table."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from toolchain import custom_objects
from toolchain.custom_objects import know_custom_objects
from toolchain.errors import ConfigError, ModelError, TranslationError
from toolchain.load.keras_model import load_keras
from toolchain.network_file import load_network, save_network
from toolchain.pipeline.inspect_model import inspect_model
from toolchain.tensorflow_import import import_stack, tensorflow_noise_to
from toolchain.user_code import find_module

pytestmark = pytest.mark.slow

MODULE = """
    import keras
    import tensorflow as tf
    import tf_keras

    class Scale(keras.layers.Layer):
        def __init__(self, factor=1.0, **kwargs):
            super().__init__(**kwargs)
            self.factor = factor
        def build(self, shape):
            self.shift = self.add_weight(shape=(shape[-1],), name="shift")
        def call(self, x):
            return x * self.factor + self.shift
        def get_config(self):
            return {**super().get_config(), "factor": self.factor}

    class ScaleOld(tf_keras.layers.Layer):
        def __init__(self, factor=1.0, **kwargs):
            super().__init__(**kwargs)
            self.factor = factor
        def build(self, shape):
            self.shift = self.add_weight(shape=(shape[-1],), name="shift")
        def call(self, x):
            return x * self.factor + self.shift
        def get_config(self):
            return {**super().get_config(), "factor": self.factor}

    def bent(x):
        return tf.nn.relu(x) * 0.5
"""


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """No test's objects are known to the next."""
    yield
    custom_objects._of_keras3.clear()
    custom_objects._of_tf_keras.clear()
    find_module.cache_clear()


def write(folder: Path, text: str) -> str:
    (folder / "mine.py").write_text(textwrap.dedent(text), encoding="utf-8")
    return str(folder / "mine")


def inputs() -> Any:
    return np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)


def keras3_model(folder: Path, name: str) -> Any:
    keras = import_stack("keras")
    module = find_module(name)
    model = keras.Sequential([keras.Input((4,)), module.Scale(2.5, name="mine"), keras.layers.Dense(2)])
    model.set_weights([np.random.default_rng(1).normal(size=w.shape) for w in model.get_weights()])
    with tensorflow_noise_to(None):
        model.save(folder / "model.keras")
    return model


def test_a_keras_3_layer_is_translated_through_the_table(tmp_path: Path) -> None:
    name = write(tmp_path, MODULE + "\n    TF_KERAS = {'Scale': ScaleOld}\n")
    original = keras3_model(tmp_path, name)
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_keras(tmp_path / "model.keras")
    know_custom_objects(name)
    network = load_keras(tmp_path / "model.keras").network
    assert type(network.layers[1]).__name__ == "ScaleOld"
    np.testing.assert_allclose(network(inputs()), original(inputs()), rtol=1e-5)
    save_network(network, tmp_path / "again.keras")
    np.testing.assert_allclose(load_network(tmp_path / "again.keras")(inputs()), network(inputs()))


def test_without_a_counterpart_and_with_a_wrong_one(tmp_path: Path) -> None:
    name = write(tmp_path, MODULE)
    keras3_model(tmp_path, name)
    right = find_module(name)
    know_custom_objects(name)
    with pytest.raises(TranslationError, match=r"'mine'.*Scale is a class of its own.*TF_KERAS"):
        load_keras(tmp_path / "model.keras")
    # A counterpart that computes something else than what it stands for.
    find_module.cache_clear()
    wrong = MODULE.replace("class ScaleOld", "class Wrong").replace("x * self.factor +", "x +")
    know_custom_objects(write(tmp_path, wrong + "\n    TF_KERAS = {'Scale': Wrong}\n"))
    custom_objects._of_keras3["Scale"] = right.Scale
    with pytest.raises(TranslationError, match="computes something else"):
        load_keras(tmp_path / "model.keras")


def test_inspect_knows_them_too(tmp_path: Path) -> None:
    name = write(tmp_path, MODULE + "\n    TF_KERAS = {'Scale': ScaleOld}\n")
    keras3_model(tmp_path, name)
    assert inspect_model(tmp_path / "model.keras", custom_objects=name).figures.parameters == 4 + 4 * 2 + 2


@pytest.mark.parametrize("form", ["model.h5", "saved", "model.keras"])
def test_keras_2_files_with_layers_and_functions_of_ones_own(tmp_path: Path, form: str) -> None:
    tf_keras = import_stack("tf_keras")
    name = write(tmp_path, MODULE)
    module = find_module(name)
    # tf_keras itself cannot read a function of one's own back from an .h5 file.
    activation = None if form == "model.h5" else module.bent
    model = tf_keras.Sequential(
        [tf_keras.Input((4,)), module.ScaleOld(2.0), tf_keras.layers.Dense(2, activation=activation)]
    )
    with tensorflow_noise_to(None):
        model.save(tmp_path / form)
    with pytest.raises(ModelError):
        load_keras(tmp_path / form)
    know_custom_objects(name)
    network = load_keras(tmp_path / form).network
    np.testing.assert_allclose(network(inputs()), model(inputs()), rtol=1e-6)
    save_network(network, tmp_path / "again.keras")
    np.testing.assert_allclose(load_network(tmp_path / "again.keras")(inputs()), model(inputs()), rtol=1e-6)


def test_a_module_without_anything_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="defines no layers"):
        know_custom_objects(write(tmp_path, "x = 1\n"))
    with pytest.raises(ConfigError, match="no Python module"):
        know_custom_objects(str(tmp_path / "none"))

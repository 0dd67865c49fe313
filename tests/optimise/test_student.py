from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from tests.optimise.digits import accuracy, context, data_of, int8_and_accuracy, stack, train
from toolchain.errors import ModelError
from toolchain.optimise.repeated_blocks import find_repeats, segments_of, without_blocks
from toolchain.optimise.student import student
from toolchain.tensorflow_import import tensorflow_noise_to
from toolchain.vocabulary.data import DataSet
from toolchain.vocabulary.steps.student import StudentSettings

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tf_keras() -> Any:
    return stack()


@pytest.fixture(scope="module")
def data() -> DataSet:
    return data_of(8, 8, 1)


def blocks(tf_keras: Any, residual: int, plain: int) -> Any:
    """A stem, residual blocks, plain depthwise-separable ones, a head."""
    layers = tf_keras.layers
    tf_keras.utils.set_random_seed(2)
    source = tf_keras.Input((8, 8, 1))
    x = layers.Conv2D(16, 3, strides=2, padding="same", activation="relu", name="stem")(source)
    for number in range(residual):
        y = layers.Conv2D(16, 3, padding="same", name=f"residual{number}")(x)
        y = layers.BatchNormalization(momentum=0.9)(y)
        x = layers.ReLU(name=f"sum{number}")(layers.Add()([x, y]))
    for number in range(plain):
        x = layers.DepthwiseConv2D(3, padding="same", activation="relu", name=f"depthwise{number}")(x)
        x = layers.Conv2D(16, 1, activation="relu", name=f"pointwise{number}")(x)
    x = layers.GlobalAveragePooling2D()(x)
    return tf_keras.Model(source, layers.Dense(10, activation="softmax", name="digit")(x))


@pytest.fixture(scope="module")
def teacher(tf_keras: Any, data: DataSet) -> Any:
    return train(blocks(tf_keras, 2, 3), data, 12)


def test_repeated_blocks_are_found(tf_keras: Any) -> None:
    network = blocks(tf_keras, 2, 3)
    segments = segments_of(network)
    assert [name for segment in segments for name in segment.layers] == [
        layer.name for layer in network.layers
    ]
    residual = next(segment for segment in segments if "residual0" in segment.layers)
    assert len(residual.layers) == 3
    runs = {
        segments[repeats.start].layers[0]: (repeats.period, repeats.count)
        for repeats in find_repeats(segments)
    }
    assert runs == {"residual0": (2, 2), "depthwise0": (2, 3)}


def test_without_the_last_blocks_the_others_are_as_they_were(tf_keras: Any) -> None:
    """Blocks that change nothing: without them the outputs are the same."""
    network = blocks(tf_keras, 3, 2)
    for name in ("residual1", "residual2"):
        layer = network.get_layer(name)
        layer.set_weights([np.zeros_like(weight) for weight in layer.get_weights()])
    centre = network.get_layer("depthwise1").get_weights()
    centre[0][:] = 0
    centre[0][1, 1] = 1
    network.get_layer("depthwise1").set_weights(centre)
    _, bias = network.get_layer("pointwise1").get_weights()
    network.get_layer("pointwise1").set_weights([np.eye(16, dtype=np.float32)[None, None], bias])
    shallow = without_blocks(network, 0.3)
    assert shallow is not None
    assert not {"residual1", "residual2", "depthwise1"} & {layer.name for layer in shallow.layers}
    inputs = np.random.default_rng(0).normal(size=(4, 8, 8, 1)).astype(np.float32)
    np.testing.assert_allclose(np.asarray(network(inputs)), np.asarray(shallow(inputs)), atol=1e-5)


def test_a_student_is_smaller_and_learns(tmp_path: Path, tf_keras: Any, teacher: Any, data: DataSet) -> None:
    before = [weight.copy() for weight in teacher.get_weights()]
    settings = StudentSettings(width=0.75, depth=0.5, epochs=6, learning_rate=5e-3)
    with tensorflow_noise_to(None):
        small = student(teacher, settings, context(data, teacher, seed=0))
    for old, now in zip(before, teacher.get_weights(), strict=True):
        np.testing.assert_array_equal(old, now, err_msg="the network that was given has changed")
    names = {layer.name for layer in small.layers}
    assert {"residual0", "depthwise0", "depthwise1"} < names
    assert not {"residual1", "depthwise2"} & names
    assert small.get_layer("stem").filters == small.get_layer("pointwise1").filters == 12
    assert accuracy(small, data) > accuracy(teacher, data) - 0.12
    graph, in_int8 = int8_and_accuracy(small, data, tmp_path)
    kernels = [graph.tensors[op.inputs[1]].shape for op in graph.operators if op.name == "CONV_2D"]
    assert kernels == [(12, 3, 3, 1), (12, 3, 3, 12), (12, 1, 1, 12), (12, 1, 1, 12)]
    assert in_int8 > accuracy(teacher, data) - 0.14


def test_the_teacher_makes_a_difference(tf_keras: Any, teacher: Any, data: DataSet) -> None:
    """By the teacher alone (alpha 1), fresh weights learn what the teacher says, without a label."""
    settings = StudentSettings(
        width=0.5,
        epochs=15,
        learning_rate=5e-3,
        initialise="random",
        distil={"alpha": 1.0, "temperature": 2.0},  # type: ignore[arg-type]
    )
    with tensorflow_noise_to(None):
        small = student(teacher, settings, context(data, teacher, seed=0))
        untrained = tf_keras.models.clone_model(small)
    assert accuracy(untrained, data) < 0.3
    agreed = np.argmax(small(data.test.inputs), -1) == np.argmax(teacher(data.test.inputs), -1)
    assert agreed.mean() > 0.6


def test_what_cannot_be_smaller_is_refused(tf_keras: Any, teacher: Any, data: DataSet) -> None:
    given = context(data, teacher, seed=0)
    with pytest.raises(ModelError, match="no blocks that repeat"):
        student(blocks(tf_keras, 1, 1), StudentSettings(depth=0.5), given)
    with pytest.raises(ModelError, match="No layer of the network becomes narrower"):
        student(teacher, StudentSettings(width=0.9, multiple_of=16), given)
    with pytest.raises(ValidationError, match="a student is smaller"):
        StudentSettings()

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

from toolchain.convert.read_tflite import read_graph
from toolchain.convert.to_int8 import convert_to_int8
from toolchain.errors import DataError, ModelError
from toolchain.optimise.loss import loss_for
from toolchain.optimise.metric import Metric
from toolchain.optimise.prune import prune
from toolchain.optimise.run_steps import MODEL_FILE, optimise_model
from toolchain.optimise.sparsity import prunable_kernels, sparsity_of
from toolchain.optimise.step_context import StepContext
from toolchain.optimise.task import task_of
from toolchain.tensorflow_import import import_stack, tensorflow_noise_to
from toolchain.vocabulary.data import DataSet, Samples
from toolchain.vocabulary.optimisation import KerasModel
from toolchain.vocabulary.steps.prune import PruneSettings

pytestmark = pytest.mark.slow

# The network before any step: its figures are the first row of every report.
GIVEN_FILE = "0-given.keras"


def silent(share: float, words: str) -> None:
    pass


@pytest.fixture(scope="module")
def tf_keras() -> Any:
    with tensorflow_noise_to(None):
        return import_stack("tf_keras")


@pytest.fixture(scope="module")
def digits() -> DataSet:
    images, labels = load_digits(return_X_y=True)
    inputs, ids = (images.reshape(-1, 8, 8, 1) / 16).astype(np.float32), labels.astype(np.int64)
    train, test = Samples(inputs[:1200], ids[:1200]), Samples(inputs[1200:], ids[1200:])
    return DataSet(Path("digits.npz"), "0" * 64, train, test)


@pytest.fixture(scope="module")
def trained(tf_keras: Any, digits: DataSet) -> Any:
    """A small trained network with every kind of layer pruning must pass by, and a residual sum."""
    assert digits.train is not None
    layers = tf_keras.layers
    tf_keras.utils.set_random_seed(1)
    source = tf_keras.Input((8, 8, 1))
    x = skip = layers.Conv2D(12, 3, padding="same", activation="relu", name="conv")(
        layers.Rescaling(2.0)(source)
    )
    x = layers.DepthwiseConv2D(3, padding="same", name="depthwise")(x)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.AveragePooling2D(2)(layers.Add()([x, skip]))
    network = tf_keras.Model(
        source, layers.Dense(10, activation="softmax", name="dense")(layers.Flatten()(x))
    )
    network.compile("adam", "sparse_categorical_crossentropy")
    with tensorflow_noise_to(None):
        network.fit(digits.train.inputs, digits.train.labels, epochs=6, verbose=0)
    return network


def accuracy_of(network: Any, samples: Samples) -> float | None:
    score = Metric()(network, samples)
    return score.value if score is not None and score.metric == "accuracy" else None


def as_model(network: Any) -> KerasModel:
    return KerasModel(network, Path("digits.keras"), "a" * 64, 1234, tuple(network.inputs[0].shape))


def test_the_zeros_are_there_and_the_accuracy_comes_back(
    tmp_path: Path, tf_keras: Any, trained: Any, digits: DataSet
) -> None:
    before = [weight.copy() for weight in trained.get_weights()]
    heard: list[tuple[float, str]] = []
    settings = PruneSettings(sparsity=0.6, epochs=5)
    result = optimise_model(
        as_model(trained),
        [settings],
        digits,
        seed=3,
        work=tmp_path / "work",
        progress=lambda share, words: heard.append((share, words)),
        log=tmp_path / "log",
    )
    record = result.records[0]
    assert record.settings["sparsity"] == 0.6
    assert record.sparsity == pytest.approx(0.6, abs=0.01)
    assert record.accuracy_before == result.summary.accuracy == accuracy_of(trained, digits.test)
    assert record.accuracy_before is not None
    assert record.accuracy_after is not None
    assert record.accuracy_before > 0.85
    assert record.accuracy_after > record.accuracy_before - 0.03
    assert result.summary.parameters == trained.count_params()
    assert result.summary.file_bytes == 1234

    shares = [share for share, _ in heard]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert len(heard) == 5 * 38 + 1
    assert "epoch 5 of 5" in heard[-2][1]

    for old, now in zip(before, trained.get_weights(), strict=True):
        np.testing.assert_array_equal(old, now, err_msg="the network that was given has changed")
    assert {file.name for file in (tmp_path / "work").iterdir()} == {GIVEN_FILE, MODEL_FILE}
    with tensorflow_noise_to(None):
        again = tf_keras.models.load_model(result.model_file, compile=False)
    assert type(again) is type(trained)
    assert {type(layer).__name__ for layer in again.layers} == {
        type(layer).__name__ for layer in trained.layers
    }
    assert sparsity_of(again) == record.sparsity
    assert accuracy_of(again, digits.test) == record.accuracy_after
    for name, kernel in prunable_kernels(again):
        assert np.mean(np.asarray(kernel) == 0) == pytest.approx(0.6, abs=0.01), name
    assert [name for name, _ in prunable_kernels(again)] == ["conv", "dense"]

    assert digits.train is not None
    model = convert_to_int8(
        result.model_file, np.asarray(digits.train.inputs[:100], np.float32), progress=silent
    )
    graph = read_graph(model, "digits")
    weights = {"CONV_2D": 12 * 9, "FULLY_CONNECTED": 10 * 192}
    for operator in graph.operators:
        if operator.name in weights:
            values = graph.tensors[operator.inputs[1]].data
            assert values is not None
            assert values.size == weights[operator.name]
            assert np.mean(values == 0) >= 0.59


def digest(network: Any) -> str:
    return hashlib.sha256(b"".join(weight.tobytes() for weight in network.get_weights())).hexdigest()


def test_the_same_seed_gives_the_same_weights_and_another_does_not(
    tmp_path: Path, tf_keras: Any, trained: Any, digits: DataSet
) -> None:
    digests = []
    for number, seed in enumerate((3, 3, 4)):
        result = optimise_model(
            as_model(trained),
            [PruneSettings(epochs=1)],
            digits,
            seed=seed,
            work=tmp_path / str(number),
            progress=silent,
        )
        digests.append(digest(tf_keras.models.load_model(result.model_file, compile=False)))
    assert digests[0] == digests[1] != digests[2]


def test_without_steps_the_model_is_saved_as_it_is(tmp_path: Path, tf_keras: Any, trained: Any) -> None:
    result = optimise_model(as_model(trained), [], None, seed=0, work=tmp_path, progress=silent)
    assert result.records == ()
    assert result.summary.accuracy is None
    assert digest(tf_keras.models.load_model(result.model_file, compile=False)) == digest(trained)


@pytest.mark.parametrize(("epochs", "batch"), [(1, 2000), (1, 1200), (2, 700), (3, 32)])
def test_the_last_mask_is_drawn_at_the_full_sparsity_however_short_the_training(
    trained: Any, digits: DataSet, epochs: int, batch: int
) -> None:
    settings = PruneSettings(sparsity=0.7, epochs=epochs, batch_size=batch)
    with tensorflow_noise_to(None):
        pruned = prune(trained, settings, StepContext(digits, 0, silent))
    assert sparsity_of(pruned) == pytest.approx(0.7, abs=0.01)


def test_an_interruption_leaves_nothing_of_the_step(tmp_path: Path, trained: Any, digits: DataSet) -> None:
    def interrupt(share: float, words: str) -> None:
        if share > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        optimise_model(
            as_model(trained),
            [PruneSettings(epochs=1)],
            digits,
            seed=0,
            work=tmp_path / "work",
            progress=interrupt,
        )
    assert [file.name for file in (tmp_path / "work").iterdir()] == [GIVEN_FILE]


def test_what_cannot_be_trained_is_refused(
    tmp_path: Path, tf_keras: Any, trained: Any, digits: DataSet
) -> None:
    def run(network: Any, data: DataSet | None) -> None:
        optimise_model(
            as_model(network), [PruneSettings(epochs=1)], data, seed=0, work=tmp_path, progress=silent
        )

    assert digits.train is not None
    with pytest.raises(DataError, match="'prune' needs data"):
        run(trained, None)
    with pytest.raises(DataError, match="no data to train on"):
        run(trained, DataSet(digits.source, digits.sha256, None, digits.test))
    unlabelled = Samples(digits.train.inputs, None)
    with pytest.raises(DataError, match="no labels to train on"):
        run(trained, DataSet(digits.source, digits.sha256, unlabelled, unlabelled))
    wrong = Samples(digits.train.inputs[:3], np.array([0, 1, 10]))
    with pytest.raises(DataError, match=r"label 10, the network tells 10 class"):
        run(trained, DataSet(digits.source, digits.sha256, wrong, digits.test))

    def ending_in(*last: Any, batch: int | None = None) -> Any:
        source = tf_keras.Input((8, 8, 1), batch_size=batch)
        x = tf_keras.layers.Flatten()(source)
        for layer in last:
            x = layer(x)
        return tf_keras.Model(source, x)

    dense = tf_keras.layers.Dense
    for last in (dense(10, activation="tanh"), dense(10, activation="sigmoid"), tf_keras.layers.ReLU()):
        with pytest.raises(ModelError, match="softmax or in logits"):
            run(ending_in(last), digits)
    with pytest.raises(ModelError, match="batch is fixed at 4"):
        run(ending_in(dense(10), batch=4), digits)
    with pytest.raises(ModelError, match="no layer that can be pruned"):
        run(ending_in(tf_keras.layers.Softmax()), digits)
    inner = tf_keras.Sequential([tf_keras.layers.Dense(10, activation="softmax")], name="inner")
    with pytest.raises(ModelError, match="last layer, 'inner'"):
        run(ending_in(inner), digits)
    with pytest.raises(ModelError, match="'inner' is a model of its own"):
        run(ending_in(inner, dense(10)), digits)
    assert [file.name for file in tmp_path.iterdir()] == [GIVEN_FILE]


def test_the_loss_fits_the_output(tf_keras: Any) -> None:
    layers = tf_keras.layers

    def is_logits(*last: Any) -> bool:
        x = source = tf_keras.Input((12,))
        for layer in last:
            x = layer(x)
        samples = Samples(np.zeros((3, 12), np.float32), np.arange(3))
        loss = loss_for(task_of(tf_keras.Model(source, x), samples, "prune"))
        return bool(loss.get_config()["from_logits"])

    assert is_logits(layers.Dense(3))
    assert is_logits(layers.Dense(3), layers.Activation("linear"))
    assert is_logits(layers.Dense(3), layers.Reshape((3,)), layers.Dropout(0.1))
    assert not is_logits(layers.Dense(3, activation="softmax"))
    assert not is_logits(layers.Dense(3), layers.Softmax())
    assert not is_logits(layers.Dense(3), layers.Activation("softmax"), layers.Reshape((3,)))


def test_a_training_that_diverges_is_an_error(trained: Any, digits: DataSet) -> None:
    assert digits.train is not None
    huge = Samples(np.asarray(digits.train.inputs, np.float32) * np.float32(3e38), digits.train.labels)
    data = DataSet(digits.source, digits.sha256, huge, digits.test)
    with tensorflow_noise_to(None), pytest.raises(ModelError, match="diverged"):
        prune(trained, PruneSettings(epochs=2, learning_rate=10.0), StepContext(data, 0, silent))


def test_accuracy_is_not_known_without_labels_or_for_one_value(
    tf_keras: Any, trained: Any, digits: DataSet
) -> None:
    assert accuracy_of(trained, Samples(digits.test.inputs, None)) is None
    source = tf_keras.Input((8, 8, 1))
    single = tf_keras.Model(source, tf_keras.layers.Dense(1)(tf_keras.layers.Flatten()(source)))
    assert accuracy_of(single, digits.test) is None


def test_accuracy_counts_every_sample_once(tf_keras: Any) -> None:
    random = np.random.default_rng(0)
    for batch in (None, 1):
        source = tf_keras.Input((5,), batch_size=batch)
        network = tf_keras.Model(source, tf_keras.layers.Activation("linear")(source))
        inputs = random.normal(size=(300, 5)).astype(np.float32)
        labels = inputs.argmax(axis=1)
        labels[:75] = (labels[:75] + 1) % 5
        assert accuracy_of(network, Samples(inputs, labels)) == 0.75

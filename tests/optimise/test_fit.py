"""Training as every step does it: what it aims at, what it goes on from, and who else teaches."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from sklearn.datasets import load_digits

from toolchain.errors import DataError, ModelError
from toolchain.optimise.fine_tune import fine_tune
from toolchain.optimise.fit import _duration
from toolchain.optimise.metric import Metric
from toolchain.optimise.step_context import StepContext
from toolchain.optimise.task import Aim, Task, task_of
from toolchain.tensorflow_import import import_stack, tensorflow_noise_to
from toolchain.vocabulary.data import DataSet, Samples
from toolchain.vocabulary.steps.fine_tune import FineTuneSettings
from toolchain.vocabulary.steps.training import DistilSettings

pytestmark = pytest.mark.slow


def silent(share: float, words: str) -> None:
    pass


@pytest.fixture(scope="module")
def tf_keras() -> Any:
    with tensorflow_noise_to(None):
        import_stack("tensorflow").config.experimental.enable_op_determinism()
        return import_stack("tf_keras")


@pytest.fixture(scope="module")
def digits() -> DataSet:
    images, labels = load_digits(return_X_y=True)
    inputs, ids = (images / 16).astype(np.float32), labels.astype(np.int64)
    return DataSet(Path("d"), "0" * 64, Samples(inputs[:600], ids[:600]), Samples(inputs[1200:], ids[1200:]))


def random_network(tf_keras: Any, units: int = 24) -> Any:
    """Dropout, noise and BatchNorm: all that draws lots, and all that keeps a state."""
    tf_keras.utils.set_random_seed(4)
    layers = tf_keras.layers
    return tf_keras.Sequential(
        [
            tf_keras.Input((64,)),
            layers.GaussianNoise(0.1),
            layers.Dense(units, activation="relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.3),
            layers.Dense(10, activation="softmax"),
        ]
    )


class KilledError(Exception):
    pass


@pytest.mark.parametrize("decay", ["none", "cosine"])
def test_a_training_goes_on_where_it_was_killed_and_ends_the_same(
    tf_keras: Any, digits: DataSet, tmp_path: Path, decay: Literal["none", "cosine"]
) -> None:
    settings, network = FineTuneSettings(epochs=4, decay=decay), random_network(tf_keras)
    whole = fine_tune(network, settings, StepContext(digits, 3, silent)).get_weights()

    heard: list[str] = []

    def killed_in_the_third(share: float, words: str) -> None:
        heard.append(words)
        if "epoch 3 of 4" in words and sum("epoch 3" in item for item in heard) == 5:
            raise KilledError

    with pytest.raises(KilledError):
        fine_tune(network, settings, StepContext(digits, 3, killed_in_the_third, checkpoints=tmp_path))
    heard.clear()
    context = StepContext(digits, 3, lambda share, words: heard.append(words), checkpoints=tmp_path)
    resumed = fine_tune(network, settings, context).get_weights()
    assert "epoch 3 of 4" in heard[0]
    for left, right in zip(whole, resumed, strict=True):
        np.testing.assert_array_equal(left, right)

    # A training that is done is not run again, one of other settings is; a damaged file counts as none.
    heard.clear()
    context._fits = 0
    again = fine_tune(network, settings, context).get_weights()
    assert heard == []
    np.testing.assert_array_equal(again[0], whole[0])
    context._fits = 0
    fine_tune(network, FineTuneSettings(epochs=1), context)
    assert heard[0].startswith("fine_tune: epoch 1 of 1")
    file = tmp_path / "fit-0.npz"
    file.write_bytes(file.read_bytes()[:-100])
    heard.clear()
    context._fits = 0
    fine_tune(network, FineTuneSettings(epochs=1), context)
    assert heard
    assert [item.name for item in tmp_path.iterdir()] == ["fit-0.npz"]


def test_a_process_killed_outright_loses_at_most_one_epoch(tf_keras: Any, tmp_path: Path) -> None:
    program = textwrap.dedent("""
        import sys
        from pathlib import Path
        import numpy as np
        from tests.optimise.test_fit import *
        from toolchain.network_file import save_network
        images, labels = load_digits(return_X_y=True)
        part = Samples((images[:600] / 16).astype(np.float32), labels[:600].astype(np.int64))
        data = DataSet(Path("d"), "0" * 64, part, part)
        keras = import_stack("tf_keras")
        import_stack("tensorflow").config.experimental.enable_op_determinism()
        folder = Path(sys.argv[1])
        heard = []
        def tell(share, words):
            if words.split(",")[0] not in heard:
                heard.append(words.split(",")[0])
                print(heard[-1], flush=True)
            if len(sys.argv) > 2 and "epoch 4" in words:
                time.sleep(60)
        context = StepContext(data, 3, tell, checkpoints=folder)
        done = fine_tune(random_network(keras), FineTuneSettings(epochs=5), context)
        np.save(folder / "first.npy", done.get_weights()[0])
    """)
    command = [sys.executable, "-c", program, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    with subprocess.Popen([*command, "stop"], stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        deadline = time.monotonic() + 120
        for line in process.stdout:
            assert time.monotonic() < deadline
            if "epoch 4" in line:
                break
        process.send_signal(signal.SIGKILL)
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, env=environment, check=True)
    assert done.stdout.splitlines() == ["fine_tune: epoch 4 of 5", "fine_tune: epoch 5 of 5"]

    images, labels = load_digits(return_X_y=True)
    part = Samples((images[:600] / 16).astype(np.float32), labels[:600].astype(np.int64))
    context = StepContext(DataSet(Path("d"), "0" * 64, part, part), 3, silent)
    whole = fine_tune(random_network(tf_keras), FineTuneSettings(epochs=5), context)
    np.testing.assert_array_equal(np.load(tmp_path / "first.npy"), whole.get_weights()[0])


def trained_teacher(tf_keras: Any, data: DataSet) -> Any:
    teacher = random_network(tf_keras, units=64)
    return fine_tune(teacher, FineTuneSettings(epochs=15, learning_rate=0.005), StepContext(data, 0, silent))


@pytest.fixture(scope="module")
def teacher(tf_keras: Any, digits: DataSet) -> Any:
    return trained_teacher(tf_keras, digits)


def agreement(left: Any, right: Any, samples: Samples) -> float:
    """How far two networks' outputs lie apart, mean total variation."""
    difference = np.abs(np.asarray(left(samples.inputs)) - np.asarray(right(samples.inputs)))
    return float(difference.sum(axis=1).mean() / 2)


@pytest.mark.parametrize("last", ["softmax", "linear"])
def test_a_teacher_alone_is_enough(tf_keras: Any, digits: DataSet, teacher: Any, last: str) -> None:
    assert digits.train is not None
    unlabelled = DataSet(digits.source, digits.sha256, Samples(digits.train.inputs, None), digits.test)
    student = tf_keras.Sequential([tf_keras.Input((64,)), tf_keras.layers.Dense(10, activation=last)])
    master = teacher
    if last == "linear":
        master = tf_keras.models.clone_model(teacher)
        master.layers[-1].activation = tf_keras.activations.linear
        master = tf_keras.models.clone_model(master)
        master.set_weights(teacher.get_weights())
    asked: list[Path] = []

    def load(path: Path) -> Any:
        asked.append(path)
        return master

    settings = FineTuneSettings(
        epochs=15, learning_rate=0.01, distil=DistilSettings(teacher=Path("t.keras"), alpha=1.0)
    )
    context = StepContext(unlabelled, 0, silent, load_teacher=load)
    taught = fine_tune(student, settings, context)
    assert asked == [Path("t.keras")]
    score = Metric("accuracy")(taught, digits.test)
    assert score is not None
    assert score.value > 0.8
    with pytest.raises(DataError, match="no labels"):
        fine_tune(student, settings.model_copy(update={"distil": DistilSettings(teacher=Path("t"))}), context)


def test_alpha_and_the_labels_share_the_loss(tf_keras: Any, digits: DataSet, teacher: Any) -> None:
    """Labels turned by one: the more the teacher weighs, the more the student agrees with it."""
    assert digits.train is not None
    assert digits.train.labels is not None
    wrong = Samples(digits.train.inputs, (digits.train.labels + 1) % 10)
    data = DataSet(digits.source, digits.sha256, wrong, digits.test)
    student = tf_keras.Sequential([tf_keras.Input((64,)), tf_keras.layers.Dense(10, activation="softmax")])
    accuracies = []
    for alpha in (0.02, 0.98):
        settings = FineTuneSettings(
            epochs=10, learning_rate=0.01, distil=DistilSettings(alpha=alpha, temperature=2.0)
        )
        taught = fine_tune(student, settings, StepContext(data, 0, silent, original=teacher))
        score = Metric("accuracy")(taught, digits.test)
        assert score is not None
        accuracies.append(score.value)
    assert accuracies[0] < 0.3
    assert accuracies[1] > 0.7


def test_a_teacher_of_other_classes_is_refused(tf_keras: Any, digits: DataSet) -> None:
    other = tf_keras.Sequential([tf_keras.Input((64,)), tf_keras.layers.Dense(9)])
    settings = FineTuneSettings(epochs=1, distil=DistilSettings())
    with pytest.raises(ModelError, match=r"teacher gives \(9,\)"):
        fine_tune(random_network(tf_keras), settings, StepContext(digits, 0, silent, original=other))


def test_an_autoencoder_learns_its_input_and_a_regression_its_values(tf_keras: Any, digits: DataSet) -> None:
    assert digits.train is not None
    layers = tf_keras.layers
    tf_keras.utils.set_random_seed(6)
    inputs = digits.train.inputs.astype(np.float32)
    rebuild = tf_keras.Sequential([tf_keras.Input((64,)), layers.Dense(16), layers.Dense(64)])
    settings = FineTuneSettings(epochs=8, learning_rate=0.01)
    for labels in (None, (np.arange(600) % 2).astype(np.int64)):
        data = DataSet(Path("d"), "", Samples(inputs, labels), Samples(inputs, None))
        before = Metric()(rebuild, data.test)
        after = Metric()(fine_tune(rebuild, settings, StepContext(data, 0, silent)), data.test)
        assert before is not None
        assert after is not None
        assert after.metric == "mse"
        assert after.value < 0.3 * before.value
    ink = inputs.mean(axis=1, keepdims=True)
    data = DataSet(Path("d"), "", Samples(inputs, None, ink), Samples(inputs, None, ink))
    weigh = tf_keras.Sequential([tf_keras.Input((64,)), layers.Dense(1)])
    settings = FineTuneSettings(epochs=8, learning_rate=0.01, distil=DistilSettings(alpha=0.3))
    taught = fine_tune(weigh, settings, StepContext(data, 0, silent, original=weigh))
    alone = fine_tune(weigh, FineTuneSettings(epochs=8, learning_rate=0.01), StepContext(data, 0, silent))
    scores = [Metric("mae")(network, data.test) for network in (weigh, taught, alone)]
    assert scores[0] is not None
    assert scores[1] is not None
    assert scores[2] is not None
    assert scores[2].value < 0.3 * scores[0].value
    # Its teacher is what it was: it is held back.
    assert scores[2].value < scores[1].value < scores[0].value


def test_yes_or_no_and_several_inputs(tf_keras: Any, digits: DataSet) -> None:
    assert digits.train is not None
    assert digits.train.labels is not None
    layers = tf_keras.layers
    inputs, odd = digits.train.inputs.astype(np.float32), digits.train.labels % 2
    left, right = tf_keras.Input((32,)), tf_keras.Input((32,))
    joined = layers.Dense(24, activation="relu")(layers.Concatenate()([left, right]))
    part = Samples(inputs[:, :32], odd, None, (inputs[:, 32:],))
    data = DataSet(Path("d"), "", part, part)
    for activation in ("sigmoid", None):
        network = tf_keras.Model([left, right], layers.Dense(1, activation=activation)(joined))
        assert task_of(network, part, "x") == Task(Aim.DETECT, is_logits=activation is None)
        settings = FineTuneSettings(epochs=10, learning_rate=0.01, distil=DistilSettings(alpha=0.2))
        tuned = fine_tune(network, settings, StepContext(data, 0, silent, original=network))
        for metric in ("auc", "accuracy"):
            score = Metric(metric)(tuned, part)
            assert score is not None
            assert score.value > 0.85


def test_what_a_frozen_batch_gives_is_complete(tf_keras: Any, digits: DataSet) -> None:
    source = tf_keras.Input((64,), batch_size=7)
    network = tf_keras.Model(source, tf_keras.layers.Dense(10)(source))
    score = Metric("accuracy")(network, digits.test)
    assert score is not None
    assert score.samples == len(digits.test)


def test_durations_read_well() -> None:
    assert [_duration(seconds) for seconds in (0.4, 59, 61, 3599, 3700)] == [
        "0 s", "59 s", "1 min 1 s", "59 min 59 s", "1 h 1 min",
    ]  # fmt: skip


def test_with_the_cosine_a_training_ends_in_steps_of_nothing(tf_keras: Any, digits: DataSet) -> None:
    moves: list[float] = []

    class Moves(tf_keras.callbacks.Callback):  # type: ignore[misc]
        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            self.before = self.model.layers[-1].get_weights()[0]

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            moves.append(float(np.abs(self.model.layers[-1].get_weights()[0] - self.before).max()))

    settings = FineTuneSettings(epochs=2, decay="cosine", learning_rate=1e-3)
    StepContext(digits, 0, silent).fit(random_network(tf_keras), settings, callbacks=[Moves()])
    # Adam's step is at most about the learning rate: a half wave from 1e-3 to 0 over 38 steps.
    assert len(moves) == 38
    assert 5e-4 < moves[0] < 1.2e-3
    assert moves[-1] < 1e-5 < moves[19] < 8e-4


def test_dropout_can_be_left_out_of_a_training(tf_keras: Any, digits: DataSet) -> None:
    network = random_network(tf_keras)
    (dropout,) = (layer for layer in network.layers if type(layer).__name__ == "Dropout")
    settings = FineTuneSettings(epochs=1, dropout=False)
    without = fine_tune(network, settings, StepContext(digits, 3, silent))
    assert without.get_layer(dropout.name).rate == 0.3
    dropout.rate = 0.0
    wanted = fine_tune(network, FineTuneSettings(epochs=1), StepContext(digits, 3, silent)).get_weights()
    for left, right in zip(without.get_weights(), wanted, strict=True):
        np.testing.assert_array_equal(left, right)
    dropout.rate = 0.3
    other = fine_tune(network, FineTuneSettings(epochs=1), StepContext(digits, 3, silent)).get_weights()
    assert np.abs(other[0] - wanted[0]).max() > 1e-4


def test_frozen_batch_norm_stays_as_it_is(tf_keras: Any, digits: DataSet) -> None:
    network = random_network(tf_keras)
    (norm,) = (layer for layer in network.layers if type(layer).__name__ == "BatchNormalization")
    settings = FineTuneSettings(epochs=1, batch_norm="frozen", decay="cosine")
    tuned = fine_tune(network, settings, StepContext(digits, 3, silent))
    assert tuned.get_layer(norm.name).trainable
    for left, right in zip(norm.get_weights(), tuned.get_layer(norm.name).get_weights(), strict=True):
        np.testing.assert_array_equal(left, right)
    assert np.abs(tuned.get_weights()[0] - network.get_weights()[0]).max() > 1e-4
    usual = fine_tune(network, FineTuneSettings(epochs=1), StepContext(digits, 3, silent))
    assert np.abs(usual.get_layer(norm.name).get_weights()[2]).max() > 1e-3

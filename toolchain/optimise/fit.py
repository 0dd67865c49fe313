"""Training as every step does it: repeatable, with progress, interruptible, resumed where it was killed."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from toolchain.errors import ModelError
from toolchain.optimise.checkpoint import Checkpoint, key_of
from toolchain.optimise.training_mode import training_mode
from toolchain.tensorflow_import import import_stack
from toolchain.vocabulary.data import Samples
from toolchain.vocabulary.optimisation import Progress
from toolchain.vocabulary.steps.training import TrainingSettings


def fit(
    network: Any,
    samples: Samples,
    targets: npt.NDArray[np.generic],
    settings: TrainingSettings,
    *,
    loss: Any,
    seed: int,
    progress: Progress,
    words: str,
    callbacks: Sequence[Any] = (),
    checkpoint: Path | None = None,
) -> None:
    """Train `network` in place with Adam towards `targets`, shape (samples, …).

    The order of samples and every random layer follow from the seed and the epoch alone, so a training that
    goes on from `checkpoint` (a file, written after every epoch) ends in the weights of one that was not
    interrupted.  `progress` hears of every batch; what it raises ends the training.

    Raises:
        ModelError: the network's batch is frozen, or the loss became NaN or infinite.
    """
    tf_keras = import_stack("tf_keras")
    frozen = network.inputs[0].shape[0]
    if frozen is not None:
        raise ModelError(
            f"The network's batch is fixed at {frozen}, so it cannot be trained.",
            "Save the model with an open batch axis (shape=, not batch_shape= or batch_size=).",
        )
    tf_keras.utils.set_random_seed(seed)
    about = {"settings": settings.model_dump(mode="json"), "seed": seed, "words": words}
    kept = Checkpoint(
        checkpoint, "" if checkpoint is None else key_of(network, about, *samples.all_inputs, targets)
    )
    batch = min(settings.batch_size, len(samples))
    steps = settings.epochs * math.ceil(len(samples) / batch)
    with training_mode(network, settings, steps), _random_layers(network) as generators:
        rate = _learning_rate(tf_keras, settings, steps)
        network.compile(optimizer=tf_keras.optimizers.Adam(rate), loss=loss)
        network.optimizer.build(network.trainable_variables)
        done = kept.restore(network)
        batches = _batches(tf_keras, samples, targets, batch, seed, done)
        keeper = _keeper(tf_keras, kept, generators, seed)
        reporter = _reporter(tf_keras, settings.epochs, len(batches), progress, words)
        network.fit(
            batches,
            epochs=settings.epochs,
            initial_epoch=done,
            shuffle=False,
            verbose=0,
            callbacks=[reporter, *callbacks, keeper],
        )


def _learning_rate(tf_keras: Any, settings: TrainingSettings, steps: int) -> Any:
    """A number, or a schedule by the optimiser's count of steps, which a checkpoint has.

    The cosine is that of Loshchilov & Hutter 2017 (arXiv:1608.03983), once.
    """
    if settings.decay == "cosine":
        return tf_keras.optimizers.schedules.CosineDecay(settings.learning_rate, steps)
    return settings.learning_rate


def _batches(
    tf_keras: Any, samples: Samples, targets: npt.NDArray[np.generic], batch: int, seed: int, epoch: int
) -> Any:
    """The data in batches, in an order of its own in every epoch; the last batch may be smaller."""

    class Batches(tf_keras.utils.Sequence):  # type: ignore[misc]
        def __init__(self) -> None:
            self.epoch = epoch
            self._shuffle()

        def __len__(self) -> int:
            return math.ceil(len(samples) / batch)

        def __getitem__(self, index: int) -> tuple[Any, Any]:
            rows = self.order[index * batch : (index + 1) * batch]
            inputs = [array[rows] for array in samples.all_inputs]
            return (tuple(inputs) if len(inputs) > 1 else inputs[0]), targets[rows]

        def on_epoch_end(self) -> None:
            self.epoch += 1
            self._shuffle()

        def _shuffle(self) -> None:
            self.order = np.random.default_rng((seed, self.epoch)).permutation(len(samples))

    return Batches()


@contextlib.contextmanager
def _random_layers(network: Any) -> Iterator[list[Any]]:
    """The random generators of layers such as Dropout, as ones that can be set to a seed.

    By default `tf_keras` draws from operators of TensorFlow whose state nobody can read or set.
    """
    generators = [part._random_generator for part in network.submodules if hasattr(part, "_random_generator")]
    before = [generator._rng_type for generator in generators]
    for generator in generators:
        generator._rng_type, generator._built = generator.RNG_STATEFUL, False
        generator._maybe_init()
    try:
        yield [generator._generator for generator in generators]
    finally:
        for generator, kind in zip(generators, before, strict=True):
            generator._rng_type, generator._built, generator._generator = kind, False, None


def _keeper(tf_keras: Any, kept: Checkpoint, generators: Sequence[Any], seed: int) -> Any:
    """A callback that seeds random layers by the epoch, and keeps a checkpoint after it."""

    class Keeper(tf_keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            for number, generator in enumerate(generators):
                drawn = np.random.default_rng((seed, epoch, number)).integers(1 << 62)
                generator.reset_from_seed(int(drawn))

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            kept.keep(self.model, epoch + 1)

    return Keeper()


def _reporter(tf_keras: Any, epochs: int, batches: int, progress: Progress, words: str) -> Any:
    """A callback that tells `progress`, and stops on a loss that is no number."""

    class Reporter(tf_keras.callbacks.Callback):  # type: ignore[misc]
        epoch = 0
        first = 0
        begun = 0.0

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.epoch = epoch

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            done, total = self.epoch * batches + batch + 1, epochs * batches
            if not self.begun:
                # The first batch is no measure: TensorFlow traces the network in it.
                self.begun, self.first = time.monotonic(), done
            left = ""
            if done > self.first:
                pace = (time.monotonic() - self.begun) / (done - self.first)
                left = f", {_duration(pace * (total - done))} left"
            progress(done / total, f"{words}: epoch {self.epoch + 1} of {epochs}{left}")

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if logs and not np.isfinite(logs.get("loss", 0.0)):
                raise ModelError(
                    f"The loss is {logs['loss']} after epoch {epoch + 1}: the training diverged.",
                    "Set a smaller learning_rate.",
                )

    return Reporter()


def _duration(seconds: float) -> str:
    """Seconds as a person reads them: 8 s, 3 min 20 s, 2 h 5 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"

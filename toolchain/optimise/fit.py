"""Training as every step does it: repeatable, with progress, and interruptible between two batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from toolchain.errors import ModelError
from toolchain.tensorflow_import import import_stack
from toolchain.vocabulary.data import Samples
from toolchain.vocabulary.optimisation import Progress


def fit(
    network: Any,
    samples: Samples,
    *,
    loss: Any,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    progress: Progress,
    words: str,
    callbacks: Sequence[Any] = (),
) -> None:
    """Train `network` in place with Adam on labelled float32 samples.

    Random seeds are the caller's.  `progress` hears of every batch; what it raises ends the training.

    Raises:
        ModelError: the loss became NaN or infinite.
    """
    tf_keras = import_stack("tf_keras")
    frozen = network.inputs[0].shape[0]
    if frozen is not None:
        raise ModelError(
            f"The network's batch is fixed at {frozen}, so it cannot be trained.",
            "Save the model with an open batch axis (shape=, not batch_shape= or batch_size=).",
        )
    batch = min(batch_size, len(samples))
    network.compile(optimizer=tf_keras.optimizers.Adam(learning_rate), loss=loss)
    network.fit(
        samples.inputs,
        samples.labels,
        batch_size=batch,
        epochs=epochs,
        shuffle=True,
        verbose=0,
        callbacks=[*callbacks, _reporter(tf_keras, epochs, -(-len(samples) // batch), progress, words)],
    )


def _reporter(tf_keras: Any, epochs: int, batches: int, progress: Progress, words: str) -> Any:
    """A callback that tells `progress`, and stops on a loss that is no number."""

    class Reporter(tf_keras.callbacks.Callback):  # type: ignore[misc]
        epoch = 0

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.epoch = epoch

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            done = self.epoch * batches + batch + 1
            progress(done / (epochs * batches), f"{words}: epoch {self.epoch + 1} of {epochs}")

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if logs and not np.isfinite(logs.get("loss", 0.0)):
                raise ModelError(
                    f"The loss is {logs['loss']} after epoch {epoch + 1}: the training diverged.",
                    "Set a smaller learning_rate.",
                )

    return Reporter()

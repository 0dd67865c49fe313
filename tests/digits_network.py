"""A small network trained on scikit-learn's digits: real data, seconds to train."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_digits

from toolchain.tensorflow_import import import_stack, tensorflow_noise_to
from toolchain.vocabulary.data import DataSet, Samples

TRAINING = 1200


def digits() -> DataSet:
    """1,200 digits to train on and 597 to test with, shape (8, 8, 1), 0…1."""
    images, labels = load_digits(return_X_y=True)
    inputs, ids = (images.reshape(-1, 8, 8, 1) / 16).astype(np.float32), labels.astype(np.int64)
    train, test = Samples(inputs[:TRAINING], ids[:TRAINING]), Samples(inputs[TRAINING:], ids[TRAINING:])
    return DataSet(Path("digits.npz"), "0" * 64, train, test)


def trained_on_digits(filters: int = 12) -> Any:
    """A `tf_keras` network: convolution, pooling, dense; about 0.95 of the test digits right."""
    data = digits()
    assert data.train is not None
    with tensorflow_noise_to(None):
        tf_keras = import_stack("tf_keras")
        tf_keras.utils.set_random_seed(1)
        layers = tf_keras.layers
        network = tf_keras.Sequential(
            [
                tf_keras.Input((8, 8, 1)),
                layers.Conv2D(filters, 3, padding="same", activation="relu", name="conv"),
                layers.MaxPooling2D(2),
                layers.Flatten(),
                layers.Dense(10, activation="softmax", name="dense"),
            ]
        )
        network.compile(tf_keras.optimizers.Adam(5e-3), "sparse_categorical_crossentropy")
        network.fit(data.train.inputs, data.train.labels, epochs=12, batch_size=32, verbose=0)
    return network


def write_digits(folder: Path) -> Path:
    """The same data as a file."""
    data = digits()
    assert data.train is not None
    assert data.train.labels is not None
    assert data.test.labels is not None
    path = folder / "digits.npz"
    np.savez(
        path,
        x_train=data.train.inputs,
        y_train=data.train.labels,
        x_test=data.test.inputs,
        y_test=data.test.labels,
    )
    return path

"""Train a small convolutional network on scikit-learn's handwritten digits.

Writes `digits.keras` (Keras 3) and `digits.npz` (x_train, y_train, x_test, y_test) beside this script,
or into the folder given as the first argument.  The seed and the split are fixed, so a second run on
the same computer writes the same network.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_digits

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # repeatable sums
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

# TensorFlow talks to stderr about missing GPUs before it listens to any setting.
terminal = os.dup(2)
os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
try:
    import keras
finally:
    os.dup2(terminal, 2)

SEED = 7
TEST_SAMPLES = 400
EPOCHS = 40


def digits() -> dict[str, np.ndarray[Any, Any]]:
    """The 1,797 digits, 8x8 pixels scaled to 0…1, split once and for all."""
    images, labels = load_digits(return_X_y=True)
    pixels = (images.reshape(-1, 8, 8, 1) / 16.0).astype(np.float32)
    order = np.random.default_rng(SEED).permutation(len(pixels))
    test, train = order[:TEST_SAMPLES], order[TEST_SAMPLES:]
    return {
        "x_train": pixels[train],
        "y_train": labels[train].astype(np.int64),
        "x_test": pixels[test],
        "y_test": labels[test].astype(np.int64),
    }


def network() -> keras.Model:
    """Two depthwise-separable blocks after a first convolution, each with batch normalisation."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((8, 8, 1), name="image"),
            layers.Conv2D(16, 3, padding="same", use_bias=False, name="stem"),
            layers.BatchNormalization(name="stem_bn"),
            layers.ReLU(name="stem_relu"),
            layers.DepthwiseConv2D(3, padding="same", use_bias=False, name="depthwise_1"),
            layers.BatchNormalization(name="depthwise_1_bn"),
            layers.ReLU(name="depthwise_1_relu"),
            layers.Conv2D(32, 1, use_bias=False, name="pointwise_1"),
            layers.BatchNormalization(name="pointwise_1_bn"),
            layers.ReLU(name="pointwise_1_relu"),
            layers.MaxPooling2D(2, name="pool_1"),
            layers.DepthwiseConv2D(3, padding="same", use_bias=False, name="depthwise_2"),
            layers.BatchNormalization(name="depthwise_2_bn"),
            layers.ReLU(name="depthwise_2_relu"),
            layers.Conv2D(48, 1, use_bias=False, name="pointwise_2"),
            layers.BatchNormalization(name="pointwise_2_bn"),
            layers.ReLU(name="pointwise_2_relu"),
            layers.AveragePooling2D(2, name="pool_2"),
            layers.Flatten(name="flatten"),
            layers.Dropout(0.2, name="dropout"),
            layers.Dense(10, activation="softmax", name="digit"),
        ],
        name="digits",
    )


def main(folder: Path) -> None:
    """Train, say how good it became, and write both files."""
    keras.utils.set_random_seed(SEED)
    data = digits()
    model = network()
    steps = EPOCHS * -(-len(data["x_train"]) // 32)
    model.compile(
        optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(3e-3, steps)),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(data["x_train"], data["y_train"], batch_size=32, epochs=EPOCHS, verbose=0)
    accuracy = model.evaluate(data["x_test"], data["y_test"], verbose=0)[1]
    folder.mkdir(parents=True, exist_ok=True)
    model.save(folder / "digits.keras")
    np.savez_compressed(folder / "digits.npz", allow_pickle=False, **data)
    print(f"{model.count_params()} parameters, {accuracy:.4f} of {TEST_SAMPLES} test digits right: {folder}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent)

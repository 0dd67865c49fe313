"""Train the gestures network: seglearn's real recordings of a watch, seven shoulder exercises, Keras 3.

140 recordings of ten people, 50 samples a second of acceleration (g) and rotation (rad/s), by
Burns et al. 2018 (arXiv:1802.01489).  Windows of two seconds, one each second.  People 8, 9 and 10 are
held out: what counts is how the network does on a wrist it has never seen.

Run `python examples/gestures/train_gestures.py [FOLDER]`.  It writes `gestures.keras` and
`gestures.npz` into this folder, or into FOLDER.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

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

SEED = 1
WINDOW, STEP = 100, 50  # samples
HELD_OUT_PEOPLE = (8, 9, 10)
EPOCHS = 12

Arrays = dict[str, npt.NDArray[np.generic]]


def recordings() -> dict[str, list[npt.NDArray[np.float64]]]:
    """seglearn's file: `X` of shape (samples, 6) each, `y` the exercise, `subject` the person.

    The package itself is not imported: it does not follow scikit-learn's changes.
    """
    found = importlib.util.find_spec("seglearn")
    if found is None or not found.submodule_search_locations:
        raise SystemExit("The recordings are in the package seglearn: pip install 'chipcast[examples]'.")
    file = Path(found.submodule_search_locations[0]) / "data" / "watch_dataset.npy"
    # Pickled, as the package's own loader has it; it comes from the package index with the code.
    content: dict[str, list[npt.NDArray[np.float64]]] = np.load(file, allow_pickle=True).item()
    return content


def gestures() -> Arrays:
    """Windows, shape (samples, 100, 6) float32, and exercises 0…6, to train on and held out."""
    content = recordings()
    parts: dict[str, list[npt.NDArray[np.generic]]] = {name: [] for name in ("x_train", "x_test")}
    labels: dict[str, list[int]] = {"y_train": [], "y_test": []}
    for signal, exercise, person in zip(content["X"], content["y"], content["subject"], strict=True):
        part = "test" if int(person) in HELD_OUT_PEOPLE else "train"
        for start in range(0, len(signal) - WINDOW + 1, STEP):
            parts[f"x_{part}"].append(signal[start : start + WINDOW].astype(np.float32))
            labels[f"y_{part}"].append(int(exercise))
    return {
        **{name: np.stack(windows) for name, windows in parts.items()},
        **{name: np.array(values, np.int64) for name, values in labels.items()},
    }


def network(windows: npt.NDArray[np.generic]) -> keras.Model:
    """Three convolutions over time, on signals standardised as the training windows are."""
    layers = keras.layers
    source = keras.Input((WINDOW, 6), name="signal")
    standardise = layers.Normalization(name="standardise")
    standardise.adapt(np.asarray(windows))
    x = standardise(source)
    for number, filters in enumerate((32, 48, 64)):
        x = layers.Conv1D(filters, 5, padding="same", use_bias=False, name=f"conv{number}")(x)
        x = layers.ReLU(name=f"relu{number}")(layers.BatchNormalization(name=f"norm{number}")(x))
        x = layers.MaxPooling1D(2, name=f"pool{number}")(x)
    x = layers.Dropout(0.3, name="dropout")(layers.GlobalAveragePooling1D(name="mean")(x))
    return keras.Model(source, layers.Dense(7, activation="softmax", name="exercise")(x), name="gestures")


def main(folder: Path) -> None:
    """Train, say how good it became, and write both files."""
    keras.utils.set_random_seed(SEED)
    data = gestures()
    model = network(data["x_train"])
    model.compile(keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(data["x_train"], data["y_train"], batch_size=32, epochs=EPOCHS, verbose=0)
    accuracy = model.evaluate(data["x_test"], data["y_test"], verbose=0)[1]
    folder.mkdir(parents=True, exist_ok=True)
    model.save(folder / "gestures.keras")
    np.savez_compressed(folder / "gestures.npz", allow_pickle=False, **data)
    print(
        f"{model.count_params()} parameters, {accuracy:.4f} of {len(data['y_test'])} windows of people "
        f"{HELD_OUT_PEOPLE} right: {folder}"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent)

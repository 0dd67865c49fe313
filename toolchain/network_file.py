"""A `tf_keras` network in a file: the one way to write it, and the one way to read it back.

What optimisation wraps around layers is known here, so that a network under quantisation-aware
training (say) comes back from its file as it went in.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from toolchain.custom_objects import known_to_tf_keras
from toolchain.errors import ModelError
from toolchain.tensorflow_import import import_stack


def save_network(network: Any, file: Path) -> None:
    """Write `network` to `file` (.keras), whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    # The name tells Keras the format, so the temporary one ends alike.
    temporary = file.with_name(f".part-{os.getpid()}.keras")
    try:
        network.save(temporary, save_format="keras")
        os.replace(temporary, file)
    finally:
        temporary.unlink(missing_ok=True)


def load_network(file: Path) -> Any:
    """Read what `save_network` wrote.

    Raises:
        ModelError: it cannot be read.
    """
    tf_keras = import_stack("tf_keras")
    try:
        with known_objects():
            return tf_keras.models.load_model(file, compile=False)
    except Exception as exc:
        raise ModelError(f"{file.name} cannot be loaded.", "Run the optimise stage again (--force).") from exc


@contextlib.contextmanager
def known_objects() -> Iterator[None]:
    """A scope in which Keras finds the user's objects, and the wrappers of tensorflow-model-optimization."""
    tfmot = import_stack("tensorflow_model_optimization")
    with (
        known_to_tf_keras(),
        tfmot.quantization.keras.quantize_scope(),
        tfmot.sparsity.keras.prune_scope(),
        tfmot.clustering.keras.cluster_scope(),
    ):
        yield

"""The state of a training, an epoch at a time: what a killed run goes on from."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from toolchain.tensorflow_import import import_stack


class Checkpoint:
    """A file with weights, optimiser and epoch of one training, or none (`file` None).

    `key` is a hash of all that the training depends on: a file of another training counts as none.
    """

    def __init__(self, file: Path | None, key: str) -> None:
        self._file = file
        self._key = key

    def restore(self, network: Any) -> int:
        """Bring a compiled network to where the file left it; the number of epochs that are done."""
        if self._file is None:
            return 0
        try:
            with self._file.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                if str(arrays["key"]) != self._key:
                    return 0
                weights = [arrays[f"weight{i}"] for i in range(len(network.weights))]
                state = [arrays[f"state{i}"] for i in range(len(network.optimizer.variables))]
                epochs = int(arrays["epochs"])
        except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile):
            # No file, or a damaged one: the training begins anew.
            return 0
        network.set_weights(weights)
        for variable, value in zip(network.optimizer.variables, state, strict=True):
            variable.assign(value)
        return epochs

    def keep(self, network: Any, epochs: int) -> None:
        """Write the state after `epochs` epochs, whole or not at all."""
        if self._file is None:
            return
        arrays = {f"weight{i}": value for i, value in enumerate(network.get_weights())}
        arrays |= {f"state{i}": value.numpy() for i, value in enumerate(network.optimizer.variables)}
        self._file.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._file.with_name(f".part-{os.getpid()}.npz")
        try:
            with temporary.open("wb") as file:
                np.savez(file, key=np.array(self._key), epochs=np.array(epochs), **arrays)
            os.replace(temporary, self._file)
        finally:
            temporary.unlink(missing_ok=True)


def key_of(network: Any, about: Mapping[str, Any], *arrays: Any) -> str:
    """The hash of a network's layers and weights, of `about` (JSON), and of arrays."""
    layers = [(type(layer).__name__, layer.name, layer.trainable) for layer in network.layers]
    version = import_stack("tensorflow").__version__
    digest = hashlib.sha256(json.dumps([layers, version, about], sort_keys=True, default=str).encode())
    for array in (*network.get_weights(), *arrays):
        values = np.ascontiguousarray(array)
        digest.update(f"{values.dtype}{values.shape}".encode())
        digest.update(values.tobytes())
    return digest.hexdigest()

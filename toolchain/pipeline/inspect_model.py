"""load → count: what stands in a model file, without running or changing anything."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

from toolchain.convert.count_graph import count_graph
from toolchain.convert.read_tflite import read_graph
from toolchain.custom_objects import know_custom_objects
from toolchain.errors import ModelError
from toolchain.pipeline.model import is_tflite, read_model
from toolchain.vocabulary.graph import Tensor
from toolchain.vocabulary.inspection import Inspection


def inspect_model(path: Path, *, custom_objects: str | None = None) -> Inspection:
    """Count what a Keras model (.keras, .h5, SavedModel) or a `.tflite` of any type keeps and computes.

    `custom_objects` is a Python module with layers of the user's own.

    Raises:
        ConfigError: there is no such module.
        ModelError: it does not exist, or is no model.
        MissingPackageError: it is a Keras model, and the TensorFlow stack is not installed.
    """
    if not path.exists():
        raise ModelError(f"The model {path} does not exist.", "Check the path.")
    if is_tflite(path):
        return _tflite(path)
    know_custom_objects(custom_objects)
    return _keras(path)


def _tflite(path: Path) -> Inspection:
    model = read_model(path)
    graph = read_graph(model, path.name)
    return Inspection(
        source=path,
        format="tflite",
        sha256=hashlib.sha256(model).hexdigest(),
        file_bytes=len(model),
        gzip_bytes=len(gzip.compress(model, mtime=0)),
        inputs=tuple(_port(graph.tensors[i]) for i in graph.inputs),
        outputs=tuple(_port(graph.tensors[i]) for i in graph.outputs),
        figures=count_graph(graph),
    )


def _port(tensor: Tensor) -> str:
    words = f"{tensor.dtype.lower()} {_shape(tensor.shape)}"
    if tensor.quantisation is None:
        return words
    return f"{words}, scale {tensor.quantisation.scale:.6g}, zero {tensor.quantisation.zero_point}"


def _shape(shape: tuple[int | None, ...]) -> str:
    return "×".join("?" if axis is None else str(axis) for axis in shape)


def _keras(path: Path) -> Inspection:
    # Both bring TensorFlow.
    from toolchain.load.keras_model import load_keras  # noqa: PLC0415
    from toolchain.optimise.count_network import count_network  # noqa: PLC0415

    model = load_keras(path)
    return Inspection(
        source=path,
        format="keras",
        sha256=model.sha256,
        file_bytes=model.file_bytes,
        gzip_bytes=None if path.is_dir() else len(gzip.compress(read_model(path), mtime=0)),
        inputs=tuple(f"float32 {_shape(tuple(tensor.shape))}" for tensor in model.network.inputs),
        outputs=tuple(f"float32 {_shape(tuple(tensor.shape))}" for tensor in model.network.outputs),
        figures=count_network(model.network),
    )

"""A Keras model file, whatever its generation, as a `tf_keras` model.

`tf_keras` (Keras 2) is what tensorflow-model-optimization and the converter work on best, so
everything becomes that: Keras 2 files load as they are, Keras 3 files are translated and checked.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

from toolchain.custom_objects import known_to_keras3, known_to_tf_keras
from toolchain.errors import ChipcastError, ModelError, TranslationError
from toolchain.load.translate_keras3 import translate
from toolchain.load.verify_translation import require_same_outputs
from toolchain.network_file import load_network
from toolchain.tensorflow_import import import_stack, tensorflow_noise_to
from toolchain.vocabulary.optimisation import KerasModel

_HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
_MOST_BYTES = 2 << 30
_MOST_CONFIG_BYTES = 64 << 20
_OPTIMISING = "tensorflow_model_optimization"
_ACCEPTED = "Give a Keras model: .keras, .h5 or a SavedModel folder; or an int8 .tflite."


def load_keras(path: Path, *, log: Path | None = None) -> KerasModel:
    """Read a `.keras` file (Keras 3 or 2), an `.h5` file or a SavedModel folder; its content tells which.

    Python code stored in a file (Lambda layers) is never run.  A SavedModel is itself a program, of
    TensorFlow operators: load only those you trust.  `log` receives TensorFlow's native output.

    Raises:
        ModelError: it cannot be read, is no Keras model, or its input has no fixed shape.
        TranslationError: a Keras 3 layer that `tf_keras` cannot rebuild, or rebuilds differently.
        MissingPackageError: the TensorFlow stack is not installed.
    """
    load = _loader_for(path)
    with tensorflow_noise_to(log):
        try:
            network = load(path)
        except ChipcastError:
            raise
        except Exception as exc:
            # Whatever a damaged file makes Keras, h5py or TensorFlow raise, it is the file.
            raise ModelError(
                f"{path.name} cannot be loaded as a Keras model: {_first_line(exc)}", _ACCEPTED
            ) from exc
        tf_keras = import_stack("tf_keras")
        if not isinstance(network, tf_keras.Model):
            raise ModelError(
                f"{path.name} is a SavedModel without its Keras part (model.export() leaves it out).",
                "Save it with model.save() instead.",
            )
        _refuse_revived_layers(network, path)
        shape = _fixed_input_shape(network, path)
    sha256, size = _hash_and_size(path)
    return KerasModel(network=network, source=path, sha256=sha256, file_bytes=size, input_shape=shape)


def _loader_for(path: Path) -> Any:
    """The function that loads this kind of file, told by its first bytes."""
    if path.is_dir():
        if (path / "saved_model.pb").is_file():
            return _load_keras2
        raise ModelError(f"The folder {path} is no SavedModel: it has no saved_model.pb.", _ACCEPTED)
    try:
        with path.open("rb") as file:
            magic = file.read(8)
            size = file.seek(0, 2)
    except OSError as exc:
        raise ModelError(
            f"The model {path} cannot be read: {exc.strerror or type(exc).__name__}.", "Check the path."
        ) from exc
    if size > _MOST_BYTES:
        raise ModelError(
            f"{path.name} is larger than 2 GB.", "No microcontroller holds it: give a smaller model."
        )
    if magic.startswith(b"PK\x03\x04"):
        return _load_keras_archive
    if magic == _HDF5_MAGIC:
        return _load_hdf5
    raise ModelError(f"{path.name} is no Keras model.", _ACCEPTED)


def _load_keras_archive(path: Path) -> Any:
    """A `.keras` archive of either generation."""
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(info.file_size for info in archive.infolist()) > _MOST_BYTES:
                raise ModelError(f"{path.name} unpacks to more than 2 GB.", "Give a smaller model.")
            config = _read_json(archive, "config.json")
            version = str(_read_json(archive, "metadata.json").get("keras_version", ""))
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, RuntimeError) as exc:
        raise ModelError(f"{path.name} is no Keras model, or a damaged one.", _ACCEPTED) from exc
    refuse_stored_code(config)
    if not version.startswith("2."):
        return _load_keras3(path)
    # What optimisation wraps around layers: this tool's own result, as the steps leave it.
    return load_network(path) if _OPTIMISING in json.dumps(config) else _load_keras2(path)


def _read_json(archive: zipfile.ZipFile, name: str) -> dict[str, Any]:
    if archive.getinfo(name).file_size > _MOST_CONFIG_BYTES:
        raise ValueError(f"{name} is too large")
    document = json.loads(archive.read(name))
    if not isinstance(document, dict):
        raise ValueError(f"{name} is no object")
    return document


def _load_hdf5(path: Path) -> Any:
    """A whole-model `.h5` file; Keras 3 writes them too."""
    h5py = import_stack("h5py")
    with h5py.File(path, "r") as file:
        stored, version = file.attrs.get("model_config"), file.attrs.get("keras_version", "")
    if stored is None:
        raise ModelError(
            f"{path.name} holds weights, but no model.",
            "Save the whole model with model.save(), not save_weights().",
        )
    refuse_stored_code(json.loads(stored))
    text = version.decode() if isinstance(version, bytes) else str(version)
    return _load_keras3(path) if text.startswith("3.") else _load_keras2(path)


def _load_keras2(path: Path) -> Any:
    tf_keras = import_stack("tf_keras")
    # `safe_mode=` covers `.keras` only; this scope makes .h5 and SavedModel refuse stored code as well.
    scope = import_stack("tf_keras.src.saving.serialization_lib").SafeModeScope
    with scope(True), known_to_tf_keras():
        return tf_keras.models.load_model(path, compile=False)


def _load_keras3(path: Path) -> Any:
    keras = import_stack("keras")
    with known_to_keras3():
        original = keras.saving.load_model(path, compile=False, safe_mode=True)
    translated = translate(original)
    require_same_outputs(original, translated)
    return translated.network


def refuse_stored_code(config: Any) -> None:
    """Refuse a model configuration with a Lambda layer, before any library unpacks it.

    Raises:
        TranslationError: there is one; it is named.
    """
    waiting = [config]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            if item.get("class_name") == "Lambda":
                inner = item.get("config")
                name = inner.get("name") if isinstance(inner, dict) else None
                raise TranslationError(
                    f"The layer {str(name)!r} is a Lambda: Python code, which is never run from a file.",
                    "Replace it by a Keras layer (Rescaling, Activation, Reshape …).",
                )
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)


def _refuse_revived_layers(network: Any, path: Path) -> None:
    """A SavedModel's custom layers come back as traced functions: no step could rebuild or save them."""
    for layer in getattr(network, "layers", []):
        if type(layer).__module__.endswith("saved_model.load"):
            raise ModelError(
                f"The layer {layer.name!r} of {path.name} is a {type(layer).__name__}, whose code it lacks.",
                "Name the module that defines it: custom_objects under [model].",
            )


def _fixed_input_shape(network: Any, path: Path) -> tuple[int | None, ...]:
    """The shape of the first input, (batch, …), every axis but the batch known."""
    inputs = network.inputs
    if not inputs:
        raise ModelError(
            f"The model in {path.name} was never given an input shape.",
            "Build it with an Input layer, and save it again.",
        )
    for tensor in inputs:
        shape = tuple(tensor.shape)
        if any(axis is None for axis in shape[1:]):
            raise ModelError(
                f"The input {tensor.name!r} of {path.name} has the open shape {shape}.",
                "A microcontroller's memory is fixed: build the model with a fixed input shape.",
            )
    return tuple(inputs[0].shape)


def _hash_and_size(path: Path) -> tuple[str, int]:
    """SHA-256 and bytes of a file; of a folder, over its files with their relative names."""
    files = sorted(item for item in path.rglob("*") if item.is_file()) if path.is_dir() else [path]
    digest, size = hashlib.sha256(), 0
    for item in files:
        if path.is_dir():
            digest.update(item.relative_to(path).as_posix().encode() + b"\0")
        with item.open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
                size += len(chunk)
    return digest.hexdigest(), size


def _first_line(exc: Exception) -> str:
    """The first line of a foreign message, as one sentence of bearable length."""
    text = str(exc).strip() or type(exc).__name__
    line = text.splitlines()[0].strip()[:300]
    return line if line.endswith(".") else line + "."

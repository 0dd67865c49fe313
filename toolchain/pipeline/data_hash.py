"""What a result depends on in `[data]` and in modules of the user's own, as hashes."""

from __future__ import annotations

from toolchain.load.dataset import load_data
from toolchain.stages import hash_file
from toolchain.user_code import file_of, is_reference
from toolchain.vocabulary.data_settings import DataSettings
from toolchain.vocabulary.score import METRICS


def hash_data(data: DataSettings) -> str:
    """SHA-256 of the file or folder; of a function, of the arrays that it returns."""
    if is_reference(data.path):
        return load_data(data).sha256
    return hash_file(data.path)


def data_key(data: DataSettings | None) -> dict[str, object] | None:
    """What a stage depends on: the settings, and the content of every file."""
    if data is None:
        return None
    key: dict[str, object] = {**data.model_dump(exclude={"path"}), "sha256": hash_data(data)}
    target = data.values or data.labels
    if data.path.suffix.lower() == ".npy" and target is not None and (data.path.parent / target).is_file():
        key["target"] = hash_file(data.path.parent / target)
    return key


def module_key(name: str | None) -> object:
    """What a stage depends on in a module or function of the user's own: its name and its file.

    A metric that is known by name, and a module that Python finds by its name, count as their name alone.
    """
    if name is None or name in METRICS:
        return name
    file = file_of(name)
    return [name, None if file is None else hash_file(file)]

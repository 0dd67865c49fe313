"""A folder of images or of WAV files: a folder a class, or files alone, which then have no labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from toolchain.errors import DataError
from toolchain.load.array_source import ArraysInMemory
from toolchain.load.image_file import IMAGES, read_image
from toolchain.load.npz_file import MOST_BYTES
from toolchain.load.wav_file import WAVS, read_wav

_PARTS = ("train", "test")


def read_class_folders(folder: Path, classes: Sequence[str]) -> ArraysInMemory:
    """The arrays `x` and `y`; with folders train and test `x_train`, `y_train`, `x_test`, `y_test`.

    Classes are numbered in the order of `classes`, else in that of the folders' names in the alphabet.
    Hidden files are passed by.

    Raises:
        DataError: a file that cannot be read or is of another kind or size than the first; a folder that is
            no class.
    """
    parts = [folder / part for part in _PARTS]
    if not all(part.is_dir() for part in parts):
        return ArraysInMemory(folder, _part(folder, _classes(folder, classes), ""))
    named = _classes(parts[0], classes)
    arrays = _part(parts[0], named, "_train") | _part(parts[1], named, "_test")
    return ArraysInMemory(folder, arrays)


def _members(folder: Path) -> list[Path]:
    return sorted(item for item in folder.iterdir() if not item.name.startswith("."))


def _classes(folder: Path, given: Sequence[str]) -> tuple[str, ...]:
    return tuple(given) or tuple(item.name for item in _members(folder) if item.is_dir())


def _part(folder: Path, classes: Sequence[str], ending: str) -> dict[str, npt.NDArray[np.generic]]:
    """The samples of one part, class after class."""
    members = _members(folder)
    if not classes:
        return {f"x{ending}": _read_all(folder, members)}
    for member in members:
        if not member.is_dir() or member.name not in classes:
            raise DataError(
                f"{member} is none of the classes {', '.join(classes[:12])}.",
                "Give a folder a class, and nothing beside them; `classes` under [data] names them in order.",
            )
    files = [
        (path, label)
        for label, name in enumerate(classes)
        if (folder / name).is_dir()
        for path in _members(folder / name)
    ]
    inputs = _read_all(folder, [path for path, _ in files])
    return {f"x{ending}": inputs, f"y{ending}": np.asarray([label for _, label in files], np.int64)}


def _read_all(folder: Path, files: Sequence[Path]) -> npt.NDArray[np.float32]:
    """All files, which must be alike, in one array, shape (files, …)."""
    if not files:
        raise DataError(f"There are no images and no WAV files in {folder}.", "Check the path.")
    reader = {**dict.fromkeys(IMAGES, read_image), **dict.fromkeys(WAVS, read_wav)}
    kind = reader.get(files[0].suffix.lower())
    found: npt.NDArray[np.float32] | None = None
    for number, file in enumerate(files):
        read = reader.get(file.suffix.lower())
        if read is None or read is not kind:
            raise DataError(
                f"{file} is no {'sound' if kind is read_wav else 'image'} file.",
                f"Take it out; files end in {', '.join(reader)}, all images or all sounds.",
            )
        values = read(file)
        if found is None:
            if values.nbytes * len(files) > MOST_BYTES:
                raise DataError(f"{folder} unpacks to more than {MOST_BYTES} bytes.", "Use fewer samples.")
            found = np.empty((len(files), *values.shape), np.float32)
        if values.shape != found.shape[1:]:
            raise DataError(
                f"{file} has the shape {values.shape}, but {files[0].name} has {found.shape[1:]}.",
                "Bring all files to the size that the model takes.",
            )
        found[number] = values
    assert found is not None
    return found

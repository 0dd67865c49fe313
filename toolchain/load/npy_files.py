"""`.npy` files: a pair of inputs and labels, or a folder of arrays by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from toolchain.errors import DataError
from toolchain.load.array_source import ArraysInMemory
from toolchain.load.npz_file import DAMAGE, MOST_BYTES, read_npy_stream

_MOST_FILES = 1000


def read_npy(path: Path, target: str | None) -> ArraysInMemory:
    """The array `x` of an `.npy` file, and `y` of the file `target` (relative to the first), if there is one.

    Raises:
        DataError: a file cannot be read, is damaged, or holds no numbers.
    """
    arrays = {"x": _read(path)}
    if target is not None:
        arrays["y"] = _read(path.parent / target)
    return ArraysInMemory(path, arrays)


def read_npy_folder(folder: Path) -> ArraysInMemory:
    """Every `.npy` file of a folder, by its name without the ending.

    Raises:
        DataError: as `read_npy`, or there are far too many.
    """
    files = sorted(folder.glob("*.npy"))
    if len(files) > _MOST_FILES:
        raise DataError(f"{folder.name} has {len(files)} .npy files.", "Store the samples in one array.")
    return ArraysInMemory(folder, {file.stem: _read(file) for file in files})


def _read(path: Path) -> npt.NDArray[np.generic]:
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise DataError(
                f"{path.name} is {size} bytes large; the most is {MOST_BYTES}.", "Use fewer samples."
            )
        with path.open("rb") as file:
            return read_npy_stream(file, size, path.stem, path)
    except FileNotFoundError as exc:
        raise DataError(f"The data file {path} does not exist.", "Check the path.") from exc
    except DAMAGE as exc:
        raise DataError(
            f"{path.name} is no .npy file, or a damaged one.", "Write it with numpy.save."
        ) from exc

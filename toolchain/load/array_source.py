"""Named arrays from somewhere: what every kind of data is brought into before it becomes samples."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from toolchain.errors import DataError


class ArraySource(Protocol):
    """Named arrays of numbers; `path` is where they come from, `sha256` is of all that they come from."""

    @property
    def path(self) -> Path:
        """For messages."""
        ...

    @property
    def sha256(self) -> str:
        """Of the file, or of the arrays."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """The arrays' names."""
        ...

    def read(self, name: str) -> npt.NDArray[np.generic]:
        """One array, or a DataError that says why not."""
        ...


class ArraysInMemory:
    """Arrays that are read already."""

    def __init__(self, path: Path, arrays: Mapping[str, npt.NDArray[np.generic]], sha256: str = "") -> None:
        self.path = path
        self._arrays = dict(arrays)
        self.sha256 = sha256 or _hash(self._arrays)

    @property
    def names(self) -> tuple[str, ...]:
        """The arrays' names, in order."""
        return tuple(self._arrays)

    def read(self, name: str) -> npt.NDArray[np.generic]:
        """One array.

        Raises:
            DataError: there is none of that name.
        """
        if name not in self._arrays:
            raise no_such_array(self, name)
        return self._arrays[name]


def listing(source: ArraySource) -> str:
    """The names for a message; a long list is cut."""
    shown = ", ".join(repr(name[:60]) for name in source.names[:12])
    return (shown or "no arrays") + (", …" if len(source.names) > 12 else "")


def no_such_array(source: ArraySource, name: str) -> DataError:
    """The error for a name that is not there."""
    return DataError(
        f"{source.path.name} has no array {name!r}.", f"It holds {listing(source)}: name one of these."
    )


def _hash(arrays: Mapping[str, npt.NDArray[np.generic]]) -> str:
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        digest.update(f"{name}\0{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()

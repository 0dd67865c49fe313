"""An `.npz` file opened with distrust: every size is known from headers before memory is spent on it."""

from __future__ import annotations

import contextlib
import hashlib
import math
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from toolchain.errors import DataError
from toolchain.load.array_source import no_such_array

MOST_BYTES = 2 << 30
"""The largest file, and the largest array in memory, that is taken."""

DAMAGE = (
    OSError,
    EOFError,
    ValueError,
    RuntimeError,
    NotImplementedError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What reading a damaged array raises."""

_MOST_MEMBERS = 1000
_NUMERIC = "biuf"


class Arrays:
    """The arrays of an open `.npz` file, none read yet; `sha256` is the whole file's."""

    def __init__(self, path: Path, archive: zipfile.ZipFile, sha256: str) -> None:
        self.path = path
        self.sha256 = sha256
        self._archive = archive
        self._members = self._checked_members()

    @property
    def names(self) -> tuple[str, ...]:
        """The arrays' names, in the file's order."""
        return tuple(self._members)

    def read(self, name: str) -> npt.NDArray[np.generic]:
        """One array of numbers, in this machine's byte order.

        Raises:
            DataError: there is no such array, it is damaged, or it does not hold numbers.
        """
        member = self._members.get(name)
        if member is None:
            raise no_such_array(self, name)
        try:
            with self._archive.open(member) as file:
                return read_npy_stream(file, member.file_size, name, self.path)
        except DAMAGE as exc:
            raise _damaged(name, self.path) from exc

    def _checked_members(self) -> dict[str, zipfile.ZipInfo]:
        infos = self._archive.infolist()
        if len(infos) > _MOST_MEMBERS:
            raise DataError(
                f"{self.path.name} has {len(infos)} members, far more than a data set.",
                "Give an .npz file with the inputs and the labels.",
            )
        members: dict[str, zipfile.ZipInfo] = {}
        for info in infos:
            name = info.filename.removesuffix(".npy")
            if name == info.filename:
                continue
            if name in members:
                raise DataError(
                    f"{self.path.name} holds two arrays called {name!r}.",
                    "Write the file anew with numpy.savez.",
                )
            members[name] = info
        return members


def read_npy_stream(file: IO[bytes], size: int, name: str, path: Path) -> npt.NDArray[np.generic]:
    """The array of numbers in an `.npy` file of `size` bytes, in this machine's byte order.

    Raises:
        DataError: it does not hold numbers, or not as many as it says; or one of DAMAGE.
    """
    shape, fortran, dtype = _read_header(file)
    if dtype.kind not in _NUMERIC:
        raise DataError(
            f"The array {name!r} of {path.name} does not hold numbers but {dtype.name or dtype}.",
            "Store real or integer numbers; objects and text are never unpacked.",
        )
    bytes_due = math.prod(shape) * dtype.itemsize
    if bytes_due > MOST_BYTES:
        raise DataError(
            f"The array {name!r} of {path.name} has {bytes_due} bytes; the most is {MOST_BYTES}.",
            "Use fewer samples.",
        )
    if file.tell() + bytes_due != size:
        raise _damaged(name, path)
    # One byte more than is due: only at its end does an archive check the CRC.
    raw = file.read(size + 1)
    values = np.frombuffer(raw, dtype=dtype).reshape(shape, order="F" if fortran else "C")
    return np.ascontiguousarray(values.astype(dtype.newbyteorder("=")))


def _damaged(name: str, path: Path) -> DataError:
    return DataError(f"The array {name!r} of {path.name} is damaged.", "Write the file anew with numpy.")


def _read_header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[np.generic]]:
    """Shape, order and type of an `.npy` file; its header is parsed as a literal, never evaluated."""
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(file)
    if version == (2, 0):
        return np.lib.format.read_array_header_2_0(file)
    raise ValueError(f"unknown .npy version {version}")


@contextlib.contextmanager
def read_arrays(path: Path) -> Iterator[Arrays]:
    """Open `path`, hash it, and give its arrays.

    Raises:
        DataError: it cannot be read, is too large, or is no `.npz` file.
    """
    mend = "Give an .npz file as numpy.savez writes it, with x_train, y_train, x_test, y_test."
    try:
        file = path.open("rb")
    except OSError as exc:
        reason = exc.strerror or type(exc).__name__
        raise DataError(f"The data file {path} cannot be read: {reason}.", "Check the path.") from exc
    with file:
        size = file.seek(0, 2)
        if size > MOST_BYTES:
            raise DataError(
                f"{path.name} is {size} bytes large; the most is {MOST_BYTES}.", "Use fewer samples."
            )
        file.seek(0)
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        try:
            archive = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as exc:
            raise DataError(f"{path.name} is no .npz file.", mend) from exc
        with archive:
            yield Arrays(path, archive, sha256)

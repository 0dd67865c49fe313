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

MOST_BYTES = 2 << 30
"""The largest file, and the largest array in memory, that is taken."""

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

    def listing(self) -> str:
        """The names for a message; a long list is cut."""
        shown = ", ".join(repr(name[:60]) for name in self.names[:12])
        return (shown or "no arrays") + (", …" if len(self.names) > 12 else "")

    def read(self, name: str) -> npt.NDArray[np.generic]:
        """One array of numbers, in this machine's byte order.

        Raises:
            DataError: there is no such array, it is damaged, or it does not hold numbers.
        """
        member = self._members.get(name)
        if member is None:
            raise DataError(
                f"{self.path.name} has no array {name!r}.", f"It holds {self.listing()}: name one of these."
            )
        try:
            with self._archive.open(member) as file:
                shape, fortran, dtype = _read_header(file)
                self._check_header(name, member, file.tell(), shape, dtype)
                # One byte more than is due: only at its end does the archive check the CRC.
                raw = file.read(member.file_size + 1)
        except (OSError, EOFError, ValueError, RuntimeError, NotImplementedError, zipfile.BadZipFile) as exc:
            raise self._damaged(name) from exc
        except zlib.error as exc:
            raise self._damaged(name) from exc
        values = np.frombuffer(raw, dtype=dtype).reshape(shape, order="F" if fortran else "C")
        return np.ascontiguousarray(values.astype(dtype.newbyteorder("=")))

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

    def _check_header(
        self,
        name: str,
        member: zipfile.ZipInfo,
        header: int,
        shape: tuple[int, ...],
        dtype: np.dtype[np.generic],
    ) -> None:
        if dtype.kind not in _NUMERIC:
            raise DataError(
                f"The array {name!r} of {self.path.name} does not hold numbers but {dtype.name or dtype}.",
                "Store real or integer numbers; objects and text are never unpacked.",
            )
        bytes_due = math.prod(shape) * dtype.itemsize
        if bytes_due > MOST_BYTES:
            raise DataError(
                f"The array {name!r} of {self.path.name} has {bytes_due} bytes; the most is {MOST_BYTES}.",
                "Use fewer samples.",
            )
        if header + bytes_due != member.file_size:
            raise self._damaged(name)

    def _damaged(self, name: str) -> DataError:
        return DataError(
            f"The array {name!r} of {self.path.name} is damaged.", "Write the file anew with numpy.savez."
        )


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

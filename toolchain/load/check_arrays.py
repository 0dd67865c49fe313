"""What arrays must be before they count as inputs, labels or values."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from toolchain.errors import DataError
from toolchain.load.array_source import ArraySource

_MOST_CLASSES = 1 << 20


def checked_inputs(
    values: npt.NDArray[np.generic], name: str, source: ArraySource
) -> npt.NDArray[np.generic]:
    """Samples along the first axis: real values as float32, all finite; integers as they are."""
    if values.ndim < 2 or values.size == 0:
        raise DataError(
            f"{name!r} has the shape {values.shape}: no samples can be taken from it.",
            "Store inputs with the samples along the first axis, at least one of them, shape (samples, …).",
        )
    if values.dtype.kind == "b":
        return values.astype(np.uint8)
    if values.dtype.kind != "f":
        return values
    with np.errstate(over="ignore"):
        real = values.astype(np.float32)
    finite = np.isfinite(real)
    if not finite.all():
        sample = int(np.argwhere(~finite)[0][0])
        raise DataError(
            f"{name!r} holds a value that is not finite as a float32 (sample {sample}, "
            f"{int(real.size - np.count_nonzero(finite))} in all).",
            f"Remove or replace NaN and infinite values in {source.path.name}.",
        )
    return real


def class_ids(values: npt.NDArray[np.generic], name: str, source: ArraySource) -> npt.NDArray[np.int64]:
    """Labels as int64 class ids, from ids or from one-hot rows."""
    mend = f"Store them in {source.path.name} as integers, one class id a sample, or as one-hot rows."
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim == 2:
        ones = values == 1
        if not np.all(ones | (values == 0)) or not np.all(ones.sum(axis=1) == 1):
            raise DataError(f"{name!r} has the shape {values.shape}, but its rows are not one-hot.", mend)
        return np.asarray(np.argmax(ones, axis=1), np.int64)
    if values.ndim != 1:
        raise DataError(f"{name!r} has the shape {values.shape}, which labels cannot have.", mend)
    real = values.astype(np.float64)
    if not np.all(np.isfinite(real)) or not np.all(real == np.floor(real)):
        raise DataError(f"{name!r} holds values that are no integers, so they are no class ids.", mend)
    if real.size and (real.min() < 0 or real.max() >= _MOST_CLASSES):
        raise DataError(
            f"{name!r} holds class ids from {real.min():.0f} to {real.max():.0f}; they must lie in "
            f"0…{_MOST_CLASSES - 1}.",
            mend,
        )
    return real.astype(np.int64)


def checked_values(
    values: npt.NDArray[np.generic], name: str, source: ArraySource
) -> npt.NDArray[np.float32]:
    """Real values to learn, float32, shape (samples, …) with at least one axis behind the samples."""
    wide = values[:, np.newaxis] if values.ndim == 1 else values
    return np.asarray(checked_inputs(wide, name, source), np.float32)

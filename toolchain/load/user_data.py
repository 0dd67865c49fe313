"""Data from a function of the user's own: arrays, or a `tf.data.Dataset`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from toolchain.errors import DataError
from toolchain.load.array_source import ArraysInMemory
from toolchain.load.npz_file import MOST_BYTES
from toolchain.user_code import described, find_function

Arrays = dict[str, npt.NDArray[np.generic]]
_RETURNS = "It returns (x, y), ((x, y), (x_test, y_test)), a mapping of arrays, or a tf.data.Dataset."


@cache
def user_arrays(reference: str) -> tuple[ArraysInMemory, tuple[str, ...]]:
    """The arrays that `module:function` returns, named as an `.npz` file's would be; called only once.

    It is called without arguments and returns x, (x, y), ((x, y), (x_test, y_test)) or a mapping of names to
    arrays; in the place of (x, y) also a finite `tf.data.Dataset` of such pairs, in batches or not.  In a
    Dataset, x may be a tuple: then the second value is the names of a model's several inputs, in order.

    Raises:
        DataError: it fails, or returns something else.
    """
    short = Path(reference).name
    with described(f"The data function {short}", "Mend it, or try it with python alone.", DataError):
        returned = find_function(reference)()
        arrays, inputs = _arrays(returned, short)
    total = sum(array.nbytes for array in arrays.values())
    if total > MOST_BYTES:
        raise DataError(f"{short} returned {total} bytes; the most is {MOST_BYTES}.", "Use fewer samples.")
    return ArraysInMemory(Path(reference), arrays), inputs


def _arrays(returned: Any, short: str) -> tuple[Arrays, tuple[str, ...]]:
    if isinstance(returned, Mapping):
        return {str(name): _array(value, short) for name, value in returned.items()}, ()
    if isinstance(returned, tuple) and len(returned) == 2 and all(map(_is_part, returned)):
        train, inputs = _part(returned[0], "_train", short)
        test, _ = _part(returned[1], "_test", short)
        return train | test, tuple(name.removesuffix("_train") for name in inputs)
    return _part(returned, "", short)


def _is_part(value: Any) -> bool:
    return isinstance(value, tuple) or _is_dataset(value)


def _is_dataset(value: Any) -> bool:
    return hasattr(value, "element_spec") and hasattr(value, "cardinality")


def _part(value: Any, ending: str, short: str) -> tuple[Arrays, tuple[str, ...]]:
    """One part's arrays, and the names of its inputs where it has several."""
    x, y = _gathered(value, short) if _is_dataset(value) else _pair(value, short)
    several = isinstance(x, tuple)
    found = {f"x{number}{ending}": _array(item, short) for number, item in enumerate(x)} if several else {}
    names = tuple(found)
    if not several:
        found[f"x{ending}"] = _array(x, short)
    if y is not None:
        found[f"y{ending}"] = _array(y, short)
    return found, names


def _pair(value: Any, short: str) -> tuple[Any, Any]:
    if not isinstance(value, tuple):
        return value, None
    if len(value) != 2:
        raise DataError(f"{short} returned a tuple of {len(value)}.", _RETURNS)
    return value


def _array(value: Any, short: str) -> npt.NDArray[np.generic]:
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise DataError(f"{short} returned a {type(value).__name__}, which is no array of numbers.", _RETURNS)
    return array


def _gathered(dataset: Any, short: str) -> tuple[Any, Any]:
    """All elements of a `tf.data.Dataset` as (x, y); x may be a tuple, y is None where there is none."""
    if int(dataset.cardinality()) == -1:
        raise DataError(f"The Dataset of {short} has no end.", "Return it without repeat().")
    is_batched = _is_batched(dataset.element_spec)
    columns: list[list[Any]] = []
    shape: Any = None
    total = 0
    for element in dataset.as_numpy_iterator():
        x, y = element if isinstance(element, tuple) and len(element) == 2 else (element, None)
        leaves = [*(x if isinstance(x, tuple) else (x,)), *(() if y is None else (y,))]
        shape = (isinstance(x, tuple), y is not None)
        columns = columns or [[] for _ in leaves]
        for column, leaf in zip(columns, leaves, strict=True):
            column.append(np.asarray(leaf))
            total += column[-1].nbytes
        if total > MOST_BYTES:
            raise DataError(f"The Dataset of {short} has more than {MOST_BYTES} bytes.", "Use fewer samples.")
    if not columns:
        raise DataError(f"The Dataset of {short} is empty.", _RETURNS)
    whole = [np.concatenate(column) if is_batched else np.stack(column) for column in columns]
    several, has_y = shape
    inputs = whole[:-1] if has_y else whole
    return (tuple(inputs) if several else inputs[0]), (whole[-1] if has_y else None)


def _is_batched(spec: Any) -> bool:
    """Whether elements are batches: their first axis is open, or the same in every part of an element."""
    leaves = _leaves(spec)
    if any(leaf.shape.rank in (None, 0) for leaf in leaves):
        return False
    first = {leaf.shape[0] for leaf in leaves}
    return first == {None} or (len(first) == 1 and len(leaves) > 1)


def _leaves(spec: Any) -> list[Any]:
    if isinstance(spec, tuple):
        return [leaf for item in spec for leaf in _leaves(item)]
    return [spec]

"""`.csv` files: a sample a row, one column of labels (or of values), all others inputs."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from toolchain.errors import DataError
from toolchain.load.array_source import ArraysInMemory
from toolchain.vocabulary.data_settings import DataSettings

_MOST_BYTES = 1 << 29
_DELIMITERS = ",;\t"
_LABEL_COLUMNS = ("label", "labels", "class", "target", "y")


def read_csv(settings: DataSettings) -> ArraysInMemory:
    """The arrays `x`, shape (rows, columns) float32, and `y`, shape (rows,), of a file in UTF-8.

    Columns are parted by the one of comma, semicolon and tab that the first line has most of.  A first line
    with anything but numbers names the columns; otherwise they are called 0, 1, ….  The label's column is
    the one that the settings name, else one called label, labels, class, target or y, else there is none.
    Labels are class ids, or names, numbered in the order of `settings.classes` or of the alphabet.

    Raises:
        DataError: the file cannot be read, or a row or cell is not as it should be; its line is named.
    """
    path = settings.path
    rows = _rows(path)
    first = next(rows, None)
    if first is None:
        raise DataError(f"{path.name} is empty.", "Give a row a sample.")
    has_names = any(_number(cell) is None for cell in first)
    names = [cell.strip() for cell in first] if has_names else [str(i) for i in range(len(first))]
    if len(set(names)) != len(names):
        raise DataError(f"{path.name} names a column twice.", "Give every column a name of its own.")
    target = _target(settings, names)
    inputs = [_index(path, names, name) for name in settings.input_names]
    inputs = inputs or [index for index in range(len(names)) if index != target]
    values: list[npt.NDArray[np.float32]] = []
    labels: list[str] = []
    for line, row in enumerate(_with_first(first, rows, has_names), start=2 if has_names else 1):
        if len(row) != len(names):
            raise DataError(
                f"Line {line} of {path.name} has {len(row)} columns instead of {len(names)}.",
                "Mend the line.",
            )
        values.append(_inputs(path, line, row, names, inputs))
        if target is not None:
            labels.append(row[target].strip())
    if not values:
        raise DataError(f"{path.name} holds no rows but the columns' names.", "Give a row a sample.")
    arrays: dict[str, npt.NDArray[np.generic]] = {"x": np.stack(values)}
    if target is not None:
        arrays["y"] = _known(path, names[target], labels, settings)
    return ArraysInMemory(path, arrays)


def _rows(path: Path) -> Iterator[list[str]]:
    """The cells of every line that is not blank."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise DataError(
                f"{path.name} is larger than {_MOST_BYTES} bytes.",
                "Save it as an .npz file with numpy.savez.",
            )
        with path.open(encoding="utf-8-sig", newline="") as file:
            delimiter = max(_DELIMITERS, key=file.readline().count)
            file.seek(0)
            yield from (row for row in csv.reader(file, delimiter=delimiter, strict=True) if row)
    except OSError as exc:
        raise DataError(f"The data file {path} cannot be read: {exc.strerror}.", "Check the path.") from exc
    except (csv.Error, UnicodeDecodeError) as exc:
        raise DataError(f"{path.name} is no CSV file in UTF-8: {exc}.", "Write it anew.") from exc


def _with_first(first: list[str], rows: Iterator[list[str]], has_names: bool) -> Iterator[list[str]]:
    if not has_names:
        yield first
    yield from rows


def _target(settings: DataSettings, names: Sequence[str]) -> int | None:
    wanted = settings.values or settings.labels
    if wanted is not None:
        return _index(settings.path, names, wanted)
    found = [index for index, name in enumerate(names) if name.lower() in _LABEL_COLUMNS]
    if len(found) > 1:
        raise DataError(
            f"{settings.path.name} has the columns {', '.join(repr(names[i]) for i in found)}, each of which "
            "could be the labels.",
            "Name one: `labels` under [data].",
        )
    return found[0] if found else None


def _index(path: Path, names: Sequence[str], name: str) -> int:
    if name not in names:
        shown = ", ".join(repr(other) for other in names[:12]) + (", …" if len(names) > 12 else "")
        raise DataError(f"{path.name} has no column {name!r}.", f"It has {shown}.")
    return names.index(name)


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def _inputs(
    path: Path, line: int, row: Sequence[str], names: Sequence[str], inputs: Sequence[int]
) -> npt.NDArray[np.float32]:
    numbers = []
    for index in inputs:
        number = _number(row[index])
        if number is None or not math.isfinite(number):
            raise DataError(
                f"Line {line} of {path.name} has {row[index][:40]!r} in the column {names[index]!r}, "
                "which is no finite number.",
                "Mend the line, or name the columns to use: `inputs` under [data].",
            )
        numbers.append(number)
    return np.asarray(numbers, np.float32)


def _known(path: Path, name: str, cells: Sequence[str], settings: DataSettings) -> npt.NDArray[np.generic]:
    """Labels or values: numbers as they are, names of classes by their place."""
    numbers = [_number(cell) for cell in cells]
    if not settings.classes and all(number is not None for number in numbers):
        return np.asarray(numbers, np.float64)
    if settings.values is not None:
        line = next(index for index, number in enumerate(numbers) if number is None)
        raise DataError(
            f"The column {name!r} of {path.name} holds {cells[line][:40]!r}, which is no number.",
            "Name the column as `labels`, if it holds classes.",
        )
    classes = settings.classes or tuple(sorted(set(cells)))
    unknown = sorted(set(cells) - set(classes))
    if unknown:
        raise DataError(
            f"The column {name!r} of {path.name} holds {unknown[0][:40]!r}, which is none of the classes.",
            f"The classes are {', '.join(classes)}.",
        )
    places = {cls: place for place, cls in enumerate(classes)}
    return np.asarray([places[cell] for cell in cells], np.int64)

"""Data sets: whatever `[data]` names in, checked numpy arrays out.

Data comes from outside, so nothing in it is believed: sizes are checked before anything is unpacked,
pickled objects are never opened, and what does not fit is refused by name.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from toolchain.errors import DataError
from toolchain.load.array_source import ArraySource, listing
from toolchain.load.check_arrays import checked_inputs, checked_values, class_ids
from toolchain.load.class_folders import read_class_folders
from toolchain.load.csv_file import read_csv
from toolchain.load.npy_files import read_npy, read_npy_folder
from toolchain.load.npz_file import read_arrays
from toolchain.load.user_data import user_arrays
from toolchain.user_code import is_reference
from toolchain.vocabulary.data import DataSet, Samples
from toolchain.vocabulary.data_settings import DataSettings

_ONE_PART = (("x", "y"), ("features", "labels"), ("inputs", "labels"), ("data", "target"))


def load_data(settings: DataSettings, *, split: bool = False, seed: int = 0) -> DataSet:
    """Read samples, shape (samples, …), and what is known of each: class labels, real values, or nothing.

    Arrays have names.  Two parts are `x_train`, `y_train`, `x_test`, `y_test`.  One part is `x`, `y`, or
    `features`, `labels`, or `inputs`, `labels`, or `data`, `target`, or the arrays that the settings name
    (`NAME_train` and `NAME_test`, where these exist).  Labels may be missing.  They are class ids, shape
    (samples,) or (samples, 1), or one-hot rows, shape (samples, classes).  Case does not matter in the
    conventional names.

    One part is all test data, unless `split` is true: then `settings.test_fraction` of it, chosen by
    `seed`, is held out for the test and the rest is for training.  Two parts stay as they are.

    Real values come back as float32, whatever float type the file had; integers keep their type, unless
    they are scaled.

    Raises:
        DataError: the data cannot be read, is damaged, holds something else than finite numbers, its
            parts do not fit each other, or it is not clear which array is which.
    """
    with _opened(settings) as (source, named):
        train_names, test_names = _names_of_parts(source, named)
        test = _samples(source, test_names, settings.scale)
        train = None if train_names is None else _samples(source, train_names, settings.scale)
        sha256 = source.sha256
        if train is not None:
            _check_parts_agree(train, test, source)
    if train is None and split:
        train, test = _split(test, settings.test_fraction, seed, settings.path)
    return DataSet(source=settings.path, sha256=sha256, train=train, test=test)


@contextlib.contextmanager
def _opened(settings: DataSettings) -> Iterator[tuple[ArraySource, DataSettings]]:
    """The arrays, and what of the settings is still to be found among their names."""
    path, conventional = settings.path, {"inputs": None, "labels": None}
    if is_reference(path):
        source, inputs = user_arrays(str(path))
        yield source, settings if settings.inputs or not inputs else _with(settings, inputs=inputs)
    elif path.is_dir() and next(path.glob("*.npy"), None) is not None:
        yield read_npy_folder(path), settings
    elif path.is_dir():
        yield read_class_folders(path, settings.classes), _with(settings, **conventional)
    elif path.suffix.lower() == ".npy":
        target = settings.values or settings.labels
        values = None if settings.values is None else "y"
        yield read_npy(path, target), _with(settings, **conventional, values=values)
    elif path.suffix.lower() == ".csv":
        values = None if settings.values is None else "y"
        yield read_csv(settings), _with(settings, **conventional, values=values)
    else:
        with read_arrays(path) as arrays:
            yield arrays, settings


def _with(settings: DataSettings, **changes: object) -> DataSettings:
    return settings.model_copy(update=changes)


@dataclass(frozen=True, slots=True)
class _Names:
    """The arrays of one part: its inputs, in order, and its labels or values."""

    inputs: tuple[str, ...]
    target: str | None
    is_values: bool

    def of_part(self, part: str) -> _Names:
        target = None if self.target is None else f"{self.target}_{part}"
        return _Names(tuple(f"{name}_{part}" for name in self.inputs), target, self.is_values)


def _names_of_parts(source: ArraySource, settings: DataSettings) -> tuple[_Names | None, _Names]:
    """The names in training and test part, by what the settings say or by convention."""
    target = settings.values or settings.labels
    if not settings.inputs:
        return _conventional(source, target, settings.values is not None)
    names = _Names(settings.input_names, target, settings.values is not None)
    parts = names.of_part("train"), names.of_part("test")
    in_parts = {name for part in parts for name in part.inputs}
    if in_parts <= set(source.names) and not set(names.inputs) & set(source.names):
        return parts
    return None, names


def _conventional(source: ArraySource, target: str | None, is_values: bool) -> tuple[_Names | None, _Names]:
    """The parts by the usual names of inputs; `target` is the labels' name where it was given."""
    by_lower_case = _unique_lower_case(source)
    x_train, x_test = by_lower_case.get("x_train"), by_lower_case.get("x_test")

    def names(of_inputs: str, of_target: str, part: str = "") -> _Names:
        given = None if target is None else (f"{target}{part}" if part else target)
        found = by_lower_case.get(of_target)
        return _Names((of_inputs,), given or found, is_values)

    if x_train is not None and x_test is not None:
        return names(x_train, "y_train", "_train"), names(x_test, "y_test", "_test")
    if x_train is not None:
        raise _unclear(source, f"{source.path.name} has {x_train!r}, but no 'x_test' beside it.")
    candidates = [pair for pair in _ONE_PART if pair[0] in by_lower_case]
    if x_test is not None:
        candidates.append(("x_test", "y_test"))
    if len(candidates) != 1:
        what = "more than one array that could be the inputs" if candidates else "no array with a usual name"
        raise _unclear(source, f"{source.path.name} has {what}.")
    of_inputs, of_labels = candidates[0]
    return None, names(by_lower_case[of_inputs], of_labels)


def _unique_lower_case(source: ArraySource) -> dict[str, str]:
    """Array names by their lower-case form; two that differ in case only are refused."""
    by_lower_case: dict[str, str] = {}
    for name in source.names:
        if name.lower() in by_lower_case:
            raise _unclear(source, f"{by_lower_case[name.lower()]!r} and {name!r} differ in case only.")
        by_lower_case[name.lower()] = name
    return by_lower_case


def _unclear(source: ArraySource, problem: str) -> DataError:
    return DataError(
        problem,
        f"It holds {listing(source)}: name the arrays to use, `inputs` and `labels` under [data], or save "
        "them as x_train, y_train, x_test, y_test.",
    )


def _samples(source: ArraySource, names: _Names, scale: float | None) -> Samples:
    """One part, every array checked, and against each other."""
    inputs = tuple(_scaled(checked_inputs(source.read(name), name, source), scale) for name in names.inputs)
    for name, array in zip(names.inputs, inputs, strict=True):
        _check_lengths(source, names.inputs[0], len(inputs[0]), name, len(array))
    labels, values = None, None
    if names.target is not None:
        array = source.read(names.target)
        if names.is_values:
            values = checked_values(array, names.target, source)
        else:
            labels = class_ids(array, names.target, source)
        known = labels if values is None else values
        assert known is not None
        _check_lengths(source, names.inputs[0], len(inputs[0]), names.target, len(known))
    return Samples(inputs[0], labels, values, inputs[1:])


def _check_lengths(source: ArraySource, first: str, samples: int, name: str, have: int) -> None:
    if have != samples:
        raise DataError(
            f"{first!r} holds {samples} samples, but {name!r} holds {have}.",
            f"Give every sample of {source.path.name} one of each.",
        )


def _scaled(inputs: npt.NDArray[np.generic], scale: float | None) -> npt.NDArray[np.generic]:
    return inputs if scale is None else inputs.astype(np.float32) * np.float32(scale)


def _check_parts_agree(train: Samples, test: Samples, source: ArraySource) -> None:
    """The two parts must be of one kind, or training would not tell anything of the test."""
    for of_train, of_test in zip(train.all_inputs, test.all_inputs, strict=True):
        if of_train.shape[1:] != of_test.shape[1:] or of_train.dtype != of_test.dtype:
            raise DataError(
                f"Training samples are {of_train.dtype} {of_train.shape[1:]}, test samples are "
                f"{of_test.dtype} {of_test.shape[1:]}.",
                f"Store both parts of {source.path.name} in one shape and type.",
            )


def _split(samples: Samples, test_fraction: float, seed: int, path: Path) -> tuple[Samples, Samples]:
    """Hold `test_fraction` of the samples out, chosen by `seed`; both parts keep the data's order."""
    held_out = max(1, round(len(samples) * test_fraction))
    if held_out >= len(samples):
        raise DataError(
            f"{path.name} holds {len(samples)} sample(s), too few to hold some out for the test.",
            "Add samples, or store a training and a test part.",
        )
    order = np.random.default_rng(seed).permutation(len(samples))
    return samples.take(np.sort(order[held_out:])), samples.take(np.sort(order[:held_out]))

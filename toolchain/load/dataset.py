"""Data sets: `.npz` files in, checked numpy arrays out, and the exact bytes a model's input takes.

A file comes from outside, so nothing in it is believed: sizes are checked from the headers before
anything is unpacked, pickled objects are never opened, and what does not fit is refused by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from toolchain.errors import DataError
from toolchain.load.npz_file import Arrays, read_arrays
from toolchain.vocabulary.data import DataSet, Samples
from toolchain.vocabulary.graph import Quantisation

_ONE_PART = (("x", "y"), ("features", "labels"), ("inputs", "labels"), ("data", "target"))
_INTEGER_TYPES: Mapping[str, np.dtype[np.generic]] = {
    "INT8": np.dtype("<i1"),
    "UINT8": np.dtype("<u1"),
    "INT16": np.dtype("<i2"),
}
_MOST_CLASSES = 1 << 20


def load_data(
    path: Path,
    *,
    inputs: str | None = None,
    labels: str | None = None,
    split: bool = False,
    test_fraction: float = 0.25,
    seed: int = 0,
) -> DataSet:
    """Read an `.npz` file whose arrays are inputs, shape (samples, …), and class labels.

    Two parts are `x_train`, `y_train`, `x_test`, `y_test`.  One part is `x`, `y`, or `features`,
    `labels`, or `inputs`, `labels`, or `data`, `target`, or the two arrays that `inputs` and `labels`
    name.  Labels may be missing.  They are class ids, shape (samples,) or (samples, 1), or one-hot
    rows, shape (samples, classes).  Case does not matter in the conventional names.

    One part is all test data, unless `split` is true: then `test_fraction` of it, chosen by `seed`,
    is held out for the test and the rest is for training.  Two parts stay as they are.

    Real values come back as float32, whatever float type the file had; integers keep their type.

    Raises:
        DataError: the file cannot be read, is damaged, holds something else than finite numbers, its
            parts do not fit each other, or it is not clear which array is which.
    """
    with read_arrays(path) as arrays:
        train, test = _parts(arrays, inputs, labels)
        sha256 = arrays.sha256
    if train is None and split:
        train, test = _split(test, test_fraction, seed, path)
    return DataSet(source=path, sha256=sha256, train=train, test=test)


def _parts(arrays: Arrays, inputs: str | None, labels: str | None) -> tuple[Samples | None, Samples]:
    """Training and test part, by the names given or by the conventional ones."""
    if inputs is not None:
        return None, _samples(arrays, inputs, labels)
    if labels is not None:
        raise DataError(
            f"The labels are named ({labels!r}), but not the inputs.",
            f"Name the inputs too; {arrays.path.name} holds {arrays.listing()}.",
        )
    by_lower_case = _unique_lower_case(arrays)
    x_train, x_test = by_lower_case.get("x_train"), by_lower_case.get("x_test")
    if x_train is not None and x_test is not None:
        train = _samples(arrays, x_train, by_lower_case.get("y_train"))
        test = _samples(arrays, x_test, by_lower_case.get("y_test"))
        _check_parts_agree(train, test, arrays)
        return train, test
    if x_train is not None:
        raise _unclear(arrays, f"{arrays.path.name} has {x_train!r}, but no 'x_test' beside it.")
    candidates = [pair for pair in _ONE_PART if pair[0] in by_lower_case]
    if x_test is not None:
        candidates.append(("x_test", "y_test"))
    if len(candidates) != 1:
        what = "more than one array that could be the inputs" if candidates else "no array with a usual name"
        raise _unclear(arrays, f"{arrays.path.name} has {what}.")
    of_inputs, of_labels = candidates[0]
    return None, _samples(arrays, by_lower_case[of_inputs], by_lower_case.get(of_labels))


def _unique_lower_case(arrays: Arrays) -> dict[str, str]:
    """Array names by their lower-case form; two that differ in case only are refused."""
    by_lower_case: dict[str, str] = {}
    for name in arrays.names:
        if name.lower() in by_lower_case:
            raise _unclear(arrays, f"{by_lower_case[name.lower()]!r} and {name!r} differ in case only.")
        by_lower_case[name.lower()] = name
    return by_lower_case


def _unclear(arrays: Arrays, problem: str) -> DataError:
    return DataError(
        problem,
        f"It holds {arrays.listing()}: name the arrays to use, `inputs` and `labels` under [data], or save "
        "them as x_train, y_train, x_test, y_test.",
    )


def _samples(arrays: Arrays, inputs: str, labels: str | None) -> Samples:
    """One part, both arrays checked, and against each other."""
    values = _checked_inputs(arrays.read(inputs), inputs, arrays)
    if labels is None:
        return Samples(values, None)
    ids = _class_ids(arrays.read(labels), labels, arrays)
    if len(ids) != len(values):
        raise DataError(
            f"{inputs!r} holds {len(values)} samples, but {labels!r} holds {len(ids)} labels.",
            f"Give every sample of {arrays.path.name} one label.",
        )
    return Samples(values, ids)


def _checked_inputs(values: npt.NDArray[np.generic], name: str, arrays: Arrays) -> npt.NDArray[np.generic]:
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
            f"Remove or replace NaN and infinite values in {arrays.path.name}.",
        )
    return real


def _class_ids(values: npt.NDArray[np.generic], name: str, arrays: Arrays) -> npt.NDArray[np.int64]:
    """Labels as int64 class ids, from ids or from one-hot rows."""
    mend = f"Store them in {arrays.path.name} as integers, one class id a sample, or as one-hot rows."
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


def _check_parts_agree(train: Samples, test: Samples, arrays: Arrays) -> None:
    """The two parts must be of one kind, or training would not tell anything of the test."""
    if train.inputs.shape[1:] != test.inputs.shape[1:] or train.inputs.dtype != test.inputs.dtype:
        raise DataError(
            f"Training samples are {train.inputs.dtype} {train.inputs.shape[1:]}, test samples are "
            f"{test.inputs.dtype} {test.inputs.shape[1:]}.",
            f"Store both parts of {arrays.path.name} in one shape and type.",
        )


def _split(samples: Samples, test_fraction: float, seed: int, path: Path) -> tuple[Samples, Samples]:
    """Hold `test_fraction` of the samples out, chosen by `seed`; both parts keep the file's order."""
    if not 0.0 < test_fraction < 1.0:
        raise DataError(
            f"The test fraction is {test_fraction}; it must lie between 0 and 1.", "Set it to 0.25, say."
        )
    held_out = max(1, round(len(samples) * test_fraction))
    if held_out >= len(samples):
        raise DataError(
            f"{path.name} holds {len(samples)} sample(s), too few to hold some out for the test.",
            "Add samples, or store a training and a test part.",
        )
    order = np.random.default_rng(seed).permutation(len(samples))
    return _take(samples, np.sort(order[held_out:])), _take(samples, np.sort(order[:held_out]))


def _take(samples: Samples, indices: npt.NDArray[np.int64]) -> Samples:
    labels = None if samples.labels is None else samples.labels[indices]
    return Samples(samples.inputs[indices], labels)


def fit_inputs(samples: Samples, shape: tuple[int | None, ...]) -> Samples:
    """The samples in a model's input shape, `shape` being (batch, …).

    Samples of shape (n, 8, 8) fit (1, 8, 8, 1): the missing axis of length 1 is added.  Nothing else
    is bent.

    Raises:
        DataError: they do not fit; both shapes are named.
    """
    wanted, have = tuple(shape[1:]), samples.inputs.shape[1:]
    if have == wanted:
        return samples
    if (*have, 1) == wanted:
        return Samples(samples.inputs[..., np.newaxis], samples.labels)
    raise DataError(
        f"A sample of the data has the shape {have}, but the model's input wants {wanted}.",
        "Store the inputs as the model takes them, shape (samples, " + ", ".join(map(str, wanted)) + ").",
    )


def fit_labels(samples: Samples, classes: int) -> None:
    """Check that every label is one of the model's `classes` outputs.

    Raises:
        DataError: a label is larger, or the model has one output, which no label can be compared with.
    """
    if samples.labels is not None and classes == 1:
        raise DataError(
            "The data has labels, but the model has one output, so its largest output says nothing.",
            "End the model in two outputs with softmax, or leave the labels out for parity and timing only.",
        )
    if samples.labels is not None and samples.labels.size and int(samples.labels.max()) >= classes:
        raise DataError(
            f"The data has the label {int(samples.labels.max())}, but the model has {classes} output(s).",
            f"Use labels from 0 to {classes - 1}, numbered as the model's outputs are.",
        )


def real_values(samples: Samples) -> Samples:
    """The samples as float32, as a float model takes them.

    Integers are taken as the values themselves (pixels of 0…255, say), as Keras does, except int8.

    Raises:
        DataError: the inputs are int8: those are taken to be quantised already, and then only the
            model that they were quantised for can say which real values they stand for.
    """
    if samples.inputs.dtype == np.int8:
        raise DataError(
            "The inputs are int8, that is, already quantised, but a Keras model takes real values.",
            "Store the inputs as float32, as the Keras model was trained on them.",
        )
    return Samples(samples.inputs.astype(np.float32, copy=False), samples.labels)


def quantise_inputs(
    samples: Samples, dtype: str, quantisation: Quantisation | None, shape: tuple[int, ...]
) -> npt.NDArray[np.uint8]:
    """The bytes of a model's input, one row a sample: shape (samples, bytes of the input), uint8.

    `dtype` is TFLite's name for the input's type, `shape` its shape with the batch of 1 in front.
    Integers of the input's own type are used as they are: they are quantised already.  Real values
    become q = round(x / scale) + zero_point, cut to the type's range, the division in float32 and
    halves rounded away from zero, as TFLite's QUANTIZE does (`AffineQuantize` in
    tensorflow/lite/kernels/internal/reference/quantize.h).  Several bytes go low byte first.

    Raises:
        DataError: the shapes do not fit, or there is no such conversion.
    """
    fitted = fit_inputs(samples, shape)
    values = fitted.inputs
    target = _INTEGER_TYPES.get(dtype)
    if target is None:
        raise DataError(
            f"The model's input is {dtype}, which no data can be brought into.",
            "Convert the model with an int8 input.",
        )
    if values.dtype.kind == "f":
        values = _affine_quantise(values.astype(np.float32), target, quantisation)
    elif values.dtype != target:
        raise DataError(
            f"The inputs are {values.dtype}, but the model's input is {dtype}.",
            f"Store them as float32 (real values), or as {target.name} (quantised already).",
        )
    rows = np.ascontiguousarray(values.astype(target, copy=False)).reshape(len(fitted), -1)
    return rows.view(np.uint8)


def _affine_quantise(
    values: npt.NDArray[np.float32], target: np.dtype[np.generic], quantisation: Quantisation | None
) -> npt.NDArray[np.generic]:
    if quantisation is None or quantisation.per_channel or not quantisation.scale > 0.0:
        raise DataError(
            "The model's input has no single scale and zero point to quantise real values with.",
            f"Store the inputs as {target.name}, quantised already.",
        )
    with np.errstate(over="ignore"):
        ratio = (values / np.float32(quantisation.scale)).astype(np.float64)
    # Half away from zero: in float64 the sum is exact for every float32 that rounding can change.
    rounded = np.copysign(np.floor(np.abs(ratio) + 0.5), ratio) + quantisation.zero_point
    limits = np.iinfo(target.name)
    return np.asarray(np.clip(rounded, limits.min, limits.max), target)


def random_inputs(samples: int, input_bytes: int, seed: int) -> npt.NDArray[np.uint8]:
    """Random input bytes, shape (samples, input_bytes): for parity where there is no data set."""
    return np.random.default_rng(seed).integers(0, 256, size=(samples, input_bytes), dtype=np.uint8)


def fit_data(data: DataSet, shape: tuple[int | None, ...], classes: int | None = None) -> DataSet:
    """Both parts as a Keras model takes them: float32, in the input's shape, labels below `classes`.

    Raises:
        DataError: see `real_values`, `fit_inputs` and `fit_labels`.
    """
    train = None if data.train is None else _fitted(data.train, shape, classes)
    return DataSet(data.source, data.sha256, train, _fitted(data.test, shape, classes))


def _fitted(samples: Samples, shape: tuple[int | None, ...], classes: int | None) -> Samples:
    fitted = fit_inputs(real_values(samples), shape)
    if classes is not None:
        fit_labels(fitted, classes)
    return fitted

"""Samples brought to what a model takes, and refused where they do not fit it."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from toolchain.errors import DataError
from toolchain.vocabulary.data import DataSet, Samples


def fit_inputs(samples: Samples, *shapes: tuple[int | None, ...]) -> Samples:
    """The samples in a model's input shapes, each (batch, …), in the model's order.

    Samples of shape (n, 8, 8) fit (1, 8, 8, 1): the missing axis of length 1 is added.  So do flat ones,
    shape (n, 64), row by row (last axis fastest).  Nothing else is bent.

    Raises:
        DataError: they do not fit; both shapes are named.
    """
    arrays = samples.all_inputs
    if len(arrays) != len(shapes):
        raise DataError(
            f"The data gives {len(arrays)} input(s), the model has {len(shapes)}.",
            "Name the arrays in the model's order: inputs = ['left', 'right'] under [data].",
        )
    fitted = [_fitted_array(array, tuple(shape[1:])) for array, shape in zip(arrays, shapes, strict=True)]
    return Samples(fitted[0], samples.labels, samples.values, tuple(fitted[1:]))


def _fitted_array(array: npt.NDArray[np.generic], wanted: tuple[int | None, ...]) -> npt.NDArray[np.generic]:
    have = array.shape[1:]
    if have == wanted:
        return array
    if (*have, 1) == wanted:
        return array[..., np.newaxis]
    if len(have) == 1 and have[0] == math.prod(axis or 0 for axis in wanted):
        return array.reshape(len(array), *(axis or 0 for axis in wanted))
    raise DataError(
        f"A sample of the data has the shape {have}, but the model's input wants {wanted}.",
        "Store the inputs as the model takes them, shape (samples, " + ", ".join(map(str, wanted)) + ").",
    )


def fit_labels(samples: Samples, classes: int) -> None:
    """Check that every label is one of the model's `classes` outputs; one output tells two classes apart.

    Raises:
        DataError: a label is larger.
    """
    classes = max(classes, 2)
    if samples.labels is not None and samples.labels.size and int(samples.labels.max()) >= classes:
        raise DataError(
            f"The data has the label {int(samples.labels.max())}, but the model tells {classes} apart.",
            f"Use labels from 0 to {classes - 1}, numbered as the model's outputs are.",
        )


def real_values(samples: Samples) -> Samples:
    """The samples as float32, as a float model takes them.

    Integers are taken as the values themselves (pixels of 0…255, say), as Keras does, except int8.

    Raises:
        DataError: the inputs are int8: those are taken to be quantised already, and then only the
            model that they were quantised for can say which real values they stand for.
    """
    if any(array.dtype == np.int8 for array in samples.all_inputs):
        raise DataError(
            "The inputs are int8, that is, already quantised, but a Keras model takes real values.",
            "Store the inputs as float32, as the Keras model was trained on them.",
        )
    first, *more = (array.astype(np.float32, copy=False) for array in samples.all_inputs)
    return Samples(first, samples.labels, samples.values, tuple(more))


def fit_data(data: DataSet, *shapes: tuple[int | None, ...], classes: int | None = None) -> DataSet:
    """Both parts as a Keras model takes them: float32, in the inputs' shapes, labels below `classes`.

    Raises:
        DataError: see `real_values`, `fit_inputs` and `fit_labels`.
    """
    train = None if data.train is None else _fitted(data.train, shapes, classes)
    return DataSet(data.source, data.sha256, train, _fitted(data.test, shapes, classes))


def _fitted(samples: Samples, shapes: tuple[tuple[int | None, ...], ...], classes: int | None) -> Samples:
    fitted = fit_inputs(real_values(samples), *shapes)
    if classes is not None:
        fit_labels(fitted, classes)
    return fitted

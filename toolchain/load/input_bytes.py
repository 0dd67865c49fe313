"""The exact bytes a model's inputs take: of samples, or random."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from toolchain.errors import DataError
from toolchain.load.fit_data import fit_inputs
from toolchain.vocabulary.data import Samples
from toolchain.vocabulary.graph import Quantisation
from toolchain.vocabulary.program import TensorPort

_INTEGER_TYPES: Mapping[str, np.dtype[np.generic]] = {
    "INT8": np.dtype("<i1"),
    "UINT8": np.dtype("<u1"),
    "INT16": np.dtype("<i2"),
}


def input_rows(samples: Samples, ports: Sequence[TensorPort]) -> npt.NDArray[np.uint8]:
    """The bytes of all of a model's inputs, one after the other, one row a sample.

    Raises:
        DataError: there are more or fewer inputs than the model has, or see `quantise_inputs`.
    """
    fitted = fit_inputs(samples, *(port.shape for port in ports))
    rows = [
        quantise_inputs(Samples(array, None), port.dtype, port.quantisation, port.shape)
        for array, port in zip(fitted.all_inputs, ports, strict=True)
    ]
    return np.concatenate(rows, axis=1)


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

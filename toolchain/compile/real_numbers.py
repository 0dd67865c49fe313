"""QUANTIZE from float and DEQUANTIZE on whole arrays, with the kernels' own float32 arithmetic."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from toolchain.vocabulary.graph import Quantisation

# Beyond this the reference's conversion to an integer is undefined.
_LARGEST_QUOTIENT = np.float32(2.0**30)


def dequantised(values: npt.NDArray[np.int8], quantisation: Quantisation) -> npt.NDArray[np.float32]:
    """float32 scale * (value - zero point), of any shape."""
    centred = values.astype(np.int32) - quantisation.zero_point
    with np.errstate(over="ignore"):
        return np.asarray(np.float32(quantisation.scale) * centred.astype(np.float32), np.float32)


def quantised(values: npt.NDArray[np.float32], quantisation: Quantisation) -> npt.NDArray[np.int8] | None:
    """Nearest int8, halves away from zero; None where the reference is undefined (NaN, or too large)."""
    with np.errstate(over="ignore", invalid="ignore"):
        quotient = values.astype(np.float32) / np.float32(quantisation.scale)
    if not np.all(np.abs(quotient) <= _LARGEST_QUOTIENT):
        return None
    # Exact: a float32 plus a half needs no more bits than a float64 has.
    rounded = np.sign(quotient) * np.floor(np.abs(quotient).astype(np.float64) + 0.5)
    return np.asarray(np.clip(rounded + quantisation.zero_point, -128, 127), np.int8)

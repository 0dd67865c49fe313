"""From raw ticks and bytes to figures: timing, accuracy, parity.  No port is open here."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from toolchain.errors import DataError, TimerError
from toolchain.vocabulary.board import Board
from toolchain.vocabulary.measurement import Kind, LayerTime, Measurement, Parity, Timing

_NUMPY_TYPES = {
    "INT8": np.int8,
    "UINT8": np.uint8,
    "INT16": np.int16,
    "INT32": np.int32,
    "FLOAT32": np.float32,
}


def summarise_timing(measurement: Measurement, board: Board) -> Timing:
    """Minimum, median and maximum over all inferences, none dropped.

    Kind "counted": unit instructions, ticks * 1e9 / (hz * 2**icount_shift), as the simulator gives every
    instruction 2**icount_shift ns.  "measured" and "host": unit ns, ticks * 1e9 / hz.  The median of an even
    number of runs is the lower of the two in the middle, so that it is a value that was seen.

    Raises:
        TimerError: an inference took no tick at all, so the timer is too coarse or stands still.
    """
    if int(measurement.ticks.min()) <= 0:
        raise TimerError(
            "An inference took 0 timer ticks, so its time is not known.",
            "Choose a faster timer in the board file.",
        )
    convert, unit = _unit(measurement.identity.timer_hz, board)
    values = sorted(convert(int(value)) for value in measurement.ticks)
    layers = measurement.layers
    return Timing(
        kind=Kind(board.timer.kind),
        unit=unit,
        runs=len(values),
        min=values[0],
        median=values[(len(values) - 1) // 2],
        max=values[-1],
        per_layer=None
        if layers is None
        else tuple(LayerTime(layer.name, layer.op, convert(layer.value)) for layer in layers),
    )


def _unit(hz: int, board: Board) -> tuple[Callable[[int], int], str]:
    """The conversion from ticks, exact in integers and rounded to nearest, and the unit's name."""
    if board.timer.kind == "counted":
        shift = board.simulator.icount_shift if board.simulator else None
        if shift is None:
            raise TimerError(
                f"The board {board.id} counts instructions, but its simulator sets no icount_shift.",
                "Add simulator.icount_shift to the board file.",
            )
        return (lambda ticks: _rounded(ticks * 10**9, hz << shift)), "instructions"
    return (lambda ticks: _rounded(ticks * 10**9, hz)), "ns"


def _rounded(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)


def compare_outputs(device: npt.NDArray[np.uint8], oracle: npt.NDArray[np.uint8], name: str) -> Parity:
    """Byte for byte; both of shape (samples, output bytes)."""
    if device.shape != oracle.shape:
        raise ValueError(f"shapes {device.shape} and {oracle.shape}")
    return Parity(name, int(device.size), int(np.count_nonzero(device != oracle)))


def classify(outputs: npt.NDArray[np.uint8], dtype: str) -> npt.NDArray[np.int64]:
    """The class in each row of raw output bytes of TFLite type `dtype`.

    That is the index of the largest value, the first of equal ones, as numpy's argmax has it; or the
    value itself of an int32 output, which holds what ARG_MAX found.

    Raises:
        DataError: the type cannot be ranked, or there are several indices a row.
    """
    if dtype not in _NUMPY_TYPES:
        raise DataError(f"An output of type {dtype} has no largest class.", "Leave the labels out.")
    values = np.ascontiguousarray(outputs).view(np.dtype(_NUMPY_TYPES[dtype]).newbyteorder("<"))
    if dtype == "INT32":
        if values.shape[1] != 1:
            raise DataError(
                f"An output of {values.shape[1]} class indices is no single class.", "Leave the labels out."
            )
        return np.asarray(values[:, 0], dtype=np.int64)
    return np.asarray(np.argmax(values, axis=1), dtype=np.int64)


def accuracy_of(outputs: npt.NDArray[np.uint8], labels: npt.NDArray[np.int64], dtype: str) -> float:
    """Share of rows whose largest output stands at the label, 0…1."""
    return float(np.mean(classify(outputs, dtype) == labels))

"""From raw ticks and bytes to figures: timing, accuracy, parity.  No port is open here."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from toolchain.errors import DataError, TimerError
from toolchain.intervals import wilson_interval
from toolchain.measure.statistics_of_runs import OUTLIER_RULE, find_outliers, quantile
from toolchain.vocabulary.board import Board
from toolchain.vocabulary.measurement import Accuracy, Kind, LayerTime, Measurement, Parity, Timing

_NUMPY_TYPES = {
    "INT8": np.int8,
    "UINT8": np.uint8,
    "INT16": np.int16,
    "INT32": np.int32,
    "FLOAT32": np.float32,
}

# What firmware calls the core's cycle counter (firmware_templates/support/timer/sketch_dwt.cpp).
_CYCLE_COUNTER = "dwt"


def summarise_timing(measurement: Measurement, board: Board) -> Timing:
    """Minimum, median, 95th percentile and maximum over all timed inferences, none dropped.

    Kind "counted": unit instructions, ticks * 1e9 / (hz * 2**icount_shift), as the simulator gives every
    instruction 2**icount_shift ns.  All other kinds: unit ns, ticks * 1e9 / hz.  Quantiles are of the nearest
    rank, so that each is a value that was seen (of an even number of runs, the median is the lower of the two
    in the middle).

    Raises:
        TimerError: an inference took no tick at all, so the timer is too coarse or stands still.
    """
    if int(measurement.ticks.min()) <= 0:
        raise TimerError(
            "An inference took 0 timer ticks, so its time is not known.",
            "Choose a faster timer in the board file.",
        )
    convert, unit = _unit(measurement.identity.timer_hz, board)
    runs = [convert(int(value)) for value in measurement.ticks]
    values = sorted(runs)
    layers = measurement.layers
    return Timing(
        kind=Kind(board.timer.kind),
        unit=unit,
        runs=len(values),
        min=values[0],
        median=quantile(values, 0.5),
        max=values[-1],
        per_layer=None
        if layers is None
        else tuple(LayerTime(layer.name, layer.op, convert(layer.value), layer.macs) for layer in layers),
        p95=quantile(values, 0.95),
        warm_up=measurement.warm_up,
        outliers=find_outliers(runs),
        outlier_rule=OUTLIER_RULE,
        timer_hz=measurement.identity.timer_hz,
        clock_hz=board.clock_hz,
        timer_rate=measurement.timer_rate,
        model=board.timer.model,
        timer_source=measurement.identity.timer_source or None,
        timer_note=_timer_note(measurement.identity.timer_source, board),
    )


def _timer_note(source: str, board: Board) -> str | None:
    """Firmware that reads the core's cycle counter tries at boot whether it moves, and tells another source
    where it does not."""
    if board.timer.hz is not None or source in ("", _CYCLE_COUNTER):
        return None
    return f"by {source}(): the core's cycle counter stands still"


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


def compare_with_labels(
    labels: npt.NDArray[np.int64] | None,
    dtype: str,
    *,
    host: npt.NDArray[np.uint8] | None,
    device: npt.NDArray[np.uint8],
    float_model: float | None = None,
) -> Accuracy:
    """Host's and device's accuracy side by side, each with its interval; all None without labels."""
    if labels is None:
        return Accuracy(float_model, None, None, None)
    host_share = None if host is None else accuracy_of(host, labels, dtype)
    device_share = accuracy_of(device, labels, dtype)
    return Accuracy(
        float_model=float_model,
        int8_host=host_share,
        device=device_share,
        samples=len(labels),
        int8_host_interval=None if host_share is None else _interval(host_share, len(labels)),
        device_interval=_interval(device_share, len(labels)),
    )


def _interval(share: float, total: int) -> tuple[float, float]:
    return wilson_interval(round(share * total), total)

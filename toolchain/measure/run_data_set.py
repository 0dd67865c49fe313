"""A whole data set through one device, with every result kept as it comes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from toolchain.errors import DataError, ProtocolError, StateLostError
from toolchain.measure.device import Device
from toolchain.measure.journal import Ending, Journal
from toolchain.measure.timer_rate import require_timer_rate
from toolchain.vocabulary.layers import LayerFacts
from toolchain.vocabulary.measurement import (
    Identity,
    Inference,
    LayerTime,
    Measurement,
    StateReset,
    TimerRate,
)
from toolchain.vocabulary.optimisation import Progress

# How often in one data set a board with a streaming model may restart: each time a round is run again.
RESTARTS_MAX = 50


def run_data_set(
    device: Device,
    identity: Identity,
    inputs: npt.NDArray[np.uint8],
    *,
    layers: Sequence[LayerFacts],
    per_layer: bool,
    progress: Progress,
    warm_up: int = 0,
    runs: int | None = None,
    state_reset: StateReset | None = None,
    check_clock: bool = False,
    journal: Journal | None = None,
) -> Measurement:
    """Run each row of `inputs`, shape (samples, input bytes) uint8, in order, after `warm_up` untimed ones.

    With more `runs` than rows, the rows are run again from the first on, until there are so many times; their
    outputs must be the same again.  A model with state begins every round at its initial state, and with
    `state_reset` each-sample every row.  With a `journal`, what it holds is not run again, but for a model
    whose state goes through a round, which is brought to where it was by the rows of the broken round; so it
    is when the board restarts.  With `per_layer`, the layer times are those of the last inference, in ticks.
    With `check_clock`, the timer is held against this computer's clock before anything is run.

    Raises:
        DataError: the rows are not as long as the firmware's input, or the journal holds too much.
        ProtocolError: an output differs from the one of the same row before, or layer times were wanted,
            but the firmware was built without them.
        TimerError: the timer runs at another rate than is told.
    """
    samples = int(inputs.shape[0])
    done = [] if journal is None else list(journal.inferences)
    total = max(samples, runs or 0)
    _require_fit(identity, inputs, done, total)
    rate = _checked_rate(device, identity) if check_clock else None
    _warm_up(device, inputs, warm_up, state_reset)
    ran_before, pace = len(done), _Pace(total, len(done))
    for result in _remaining(device, inputs, done, total, state_reset):
        if journal is not None:
            journal.append(result)
        done.append(result)
        progress(len(done) / total, pace.words(len(done)))
    if per_layer and ran_before == total and warm_up == 0:
        # Nothing was left to run, but a layer's time is that of an inference of this session.
        if state_reset is not None:
            device.reset_state()
        device.infer(inputs[-1].tobytes())
    ending = Ending(
        identity,
        _layer_times(device, layers) if per_layer else None,
        device.stack_bytes(),
        rate,
        device.retries,
        device.faults,
    )
    if journal is not None:
        journal.end(ending)
    return measurement_of(done, ending, samples, warm_up=warm_up, state_reset=state_reset)


def _require_fit(
    identity: Identity, inputs: npt.NDArray[np.uint8], done: Sequence[Inference], total: int
) -> None:
    if inputs.shape[1] != identity.input_bytes:
        raise DataError(
            f"A sample has {inputs.shape[1]} bytes, the firmware's model takes {identity.input_bytes}.",
            "Give data made for this model.",
        )
    if len(done) > total:
        raise DataError(f"The journal holds {len(done)} runs, {total} are wanted.", "Name another --journal.")


def _remaining(
    device: Device,
    inputs: npt.NDArray[np.uint8],
    done: Sequence[Inference],
    total: int,
    state_reset: StateReset | None,
) -> Iterator[Inference]:
    """The inferences that `done`, to which the caller adds each, still lacks."""
    if state_reset is StateReset.NEVER:
        _replay(device, inputs, done)
    patience = RESTARTS_MAX
    while len(done) < total:
        try:
            result = _next(device, inputs, done, state_reset)
        except StateLostError:
            patience -= 1
            if state_reset is None or patience == 0:
                raise
            if state_reset is StateReset.NEVER:
                device.reset_state()
                _replay(device, inputs, done)
            continue
        yield result


def measurement_of(
    inferences: Sequence[Inference],
    ending: Ending,
    samples: int,
    *,
    warm_up: int,
    state_reset: StateReset | None,
) -> Measurement:
    """The measurement that a complete run of `samples` rows makes up.

    Raises:
        DataError: an output is not as long as the firmware's.
    """
    size = ending.identity.output_bytes
    if any(len(inference.output) != size for inference in inferences):
        raise DataError(f"A recorded output has not the model's {size} bytes.", "Name another --journal.")
    outputs = b"".join(inference.output for inference in inferences[:samples])
    return Measurement(
        identity=ending.identity,
        outputs=np.frombuffer(outputs, np.uint8).reshape(samples, size).copy(),
        ticks=np.array([inference.ticks for inference in inferences], np.int64),
        layers=ending.layers,
        stack_bytes=ending.stack_bytes,
        warm_up=warm_up,
        state_reset=state_reset,
        timer_rate=ending.timer_rate,
        retries=ending.retries,
        faults=ending.faults,
    )


def _checked_rate(device: Device, identity: Identity) -> TimerRate:
    """The timer's rate by this computer's clock, which must be about the one that is told."""
    rate = device.measured_timer_rate()
    require_timer_rate(rate, identity.timer_hz, identity.board)
    return rate


def _warm_up(
    device: Device, inputs: npt.NDArray[np.uint8], count: int, state_reset: StateReset | None
) -> None:
    """Fill caches and let clocks settle; what these inferences leave in a model's state is undone."""
    if state_reset is not None:
        device.reset_state()
    done = 0
    patience = RESTARTS_MAX
    while done < count:
        try:
            device.infer(inputs[done % len(inputs)].tobytes())
            done += 1
        except StateLostError:
            patience -= 1
            if patience == 0:
                raise
            device.reset_state()
    if state_reset is not None:
        device.reset_state()


def _replay(device: Device, inputs: npt.NDArray[np.uint8], done: Sequence[Inference]) -> None:
    """Bring a model's state to where the recorded inferences had brought it."""
    samples = len(inputs)
    first = len(done) - len(done) % samples
    for run in range(first, len(done)):
        result = device.infer(inputs[run % samples].tobytes())
        _require_same(result, done[run], run, samples)


def _next(
    device: Device,
    inputs: npt.NDArray[np.uint8],
    done: Sequence[Inference],
    state_reset: StateReset | None,
) -> Inference:
    run, samples = len(done), len(inputs)
    if state_reset is StateReset.EACH_SAMPLE or (state_reset is StateReset.NEVER and run % samples == 0):
        device.reset_state()
    result = device.infer(inputs[run % samples].tobytes())
    if run >= samples:
        _require_same(result, done[run % samples], run, samples)
    return result


def _require_same(result: Inference, before: Inference, run: int, samples: int) -> None:
    if result.output != before.output:
        raise ProtocolError(
            f"Sample {run % samples} gave other bytes in run {run} than before.",
            "The firmware or the board is not deterministic: check its power, and its memory's bounds.",
        )


class _Pace:
    """How far it is, and how long it will take at this session's own pace."""

    def __init__(self, total: int, before: int) -> None:
        self._total = total
        self._before = before
        self._begun = time.monotonic()

    def words(self, done: int) -> str:
        """For `done` inferences, those of earlier sessions too."""
        seconds = (time.monotonic() - self._begun) / (done - self._before) * (self._total - done)
        minutes, rest = divmod(round(seconds), 60)
        left = f"{minutes // 60} h {minutes % 60:02} min" if minutes >= 60 else f"{minutes}:{rest:02}"
        return f"{done:,} of {self._total:,} inferences" + (f", {left} left" if done < self._total else "")


def _layer_times(device: Device, layers: Sequence[LayerFacts]) -> tuple[LayerTime, ...]:
    values = device.layer_ticks()
    if values is None or len(values) != len(layers):
        raise ProtocolError(
            "The firmware was built without per-layer timing.",
            "Build it with `chipcast deploy --per-layer`.",
        )
    return tuple(
        LayerTime(layer.name, layer.op, value, layer.macs)
        for layer, value in zip(layers, values, strict=True)
    )

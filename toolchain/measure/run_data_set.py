"""A whole data set through one device."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from toolchain.errors import DataError, ProtocolError
from toolchain.measure.device import Device
from toolchain.vocabulary.measurement import Identity, LayerTime, Measurement
from toolchain.vocabulary.optimisation import Progress


def run_data_set(
    device: Device,
    identity: Identity,
    inputs: npt.NDArray[np.uint8],
    *,
    layer_names: Sequence[tuple[str, str]],
    per_layer: bool,
    progress: Progress,
) -> Measurement:
    """Reset the model's state, then run each row of `inputs`, shape (samples, input bytes) uint8, once.

    A streaming model's state carries on from row to row, as it does in the oracle.

    With `per_layer`, the layer times are those of the last sample's inference, in ticks, under the
    (name, operator) pairs of `layer_names`.

    Raises:
        DataError: the rows are not as long as the firmware's input.
        ProtocolError: layer times were wanted, but the firmware was built without them.
    """
    if inputs.shape[1] != identity.input_bytes:
        raise DataError(
            f"A sample has {inputs.shape[1]} bytes, the firmware's model takes {identity.input_bytes}.",
            "Give data made for this model.",
        )
    device.reset_state()
    samples = int(inputs.shape[0])
    outputs = np.zeros((samples, identity.output_bytes), np.uint8)
    ticks = np.zeros(samples, np.int64)
    for index in range(samples):
        result = device.infer(inputs[index].tobytes())
        outputs[index] = np.frombuffer(result.output, np.uint8)
        ticks[index] = result.ticks
        progress((index + 1) / samples, f"{index + 1} of {samples} inferences")
    return Measurement(
        identity=identity,
        outputs=outputs,
        ticks=ticks,
        layers=_layer_times(device, layer_names) if per_layer else None,
        stack_bytes=device.stack_bytes(),
    )


def _layer_times(device: Device, names: Sequence[tuple[str, str]]) -> tuple[LayerTime, ...]:
    values = device.layer_ticks()
    if values is None or len(values) != len(names):
        raise ProtocolError(
            "The firmware was built without per-layer timing.",
            "Build it with `chipcast deploy --per-layer`.",
        )
    return tuple(LayerTime(name, op, value) for (name, op), value in zip(names, values, strict=True))

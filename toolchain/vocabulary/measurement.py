"""What came back from a device, with the kind of every figure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt


class Kind(StrEnum):
    """What sort of number a figure is; kinds are never mixed in one column.

    measured: a board's own timer, its clock stated.  counted: instructions executed in a simulator,
    exact and repeatable, not cycles and not time.  estimated: a model with a stated error.  host: wall
    time on this computer.
    """

    MEASURED = "measured"
    COUNTED = "counted"
    ESTIMATED = "estimated"
    HOST = "host"


@dataclass(frozen=True, slots=True)
class Identity:
    """What the firmware says of itself (see docs/protocol.md, `id%`)."""

    protocol: int
    build_id: str
    model_sha256: str
    engine: str
    board: str
    timer_hz: int
    input_bytes: int
    output_bytes: int
    arena_bytes: int
    layers: int
    chunk_bytes: int


@dataclass(frozen=True, slots=True)
class Inference:
    """One inference on the device: its output bytes (all outputs, in order) and its timer ticks."""

    output: bytes
    ticks: int


@dataclass(frozen=True, slots=True)
class LayerTime:
    """Timer value of one layer in one inference, in the run's unit."""

    name: str
    op: str
    value: int


@dataclass(frozen=True, slots=True, eq=False)
class Measurement:
    """A whole data set through one firmware.

    `outputs` has shape (samples, output bytes), uint8; `ticks` shape (samples,), int64: raw timer
    ticks.  `stack_bytes` is the high-water mark by painting, None where the board cannot tell.
    """

    identity: Identity
    outputs: npt.NDArray[np.uint8]
    ticks: npt.NDArray[np.int64]
    layers: tuple[LayerTime, ...] | None
    stack_bytes: int | None


@dataclass(frozen=True, slots=True)
class Timing:
    """Summary of inference times in `unit`; the kind says what they are worth."""

    kind: Kind
    unit: str
    runs: int
    min: int
    median: int
    max: int
    per_layer: tuple[LayerTime, ...] | None = None


@dataclass(frozen=True, slots=True)
class Parity:
    """Output bytes beside the oracle's."""

    oracle: str
    compared_bytes: int
    mismatched_bytes: int
    first_diverging_layer: str | None = None


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Share of samples whose largest output is at the label, 0…1; None: not known."""

    float_model: float | None
    int8_host: float | None
    device: float | None
    samples: int | None

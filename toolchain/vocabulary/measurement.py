"""What came back from a device, with the kind of every figure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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


class StateReset(StrEnum):
    """When a model's state is put back to its initial values: before each sample, or `never` within a round
    through the data, before which it always is."""

    EACH_SAMPLE = "each-sample"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Identity:
    """What the firmware says of itself (see docs/protocol.md, `id%`).

    Memory in bytes: `arena_bytes` as reserved, `state_bytes` of variables beside it (0: every inference
    stands alone).  `timer_resolution` is the smallest step between two readings of the timer, in ticks.
    `chunk_bytes` is the most that one `in` takes, `window_bytes` how much may be on its way unacknowledged.
    `layer_times` and `layer_tensors` say whether these were built in.  `arena_regions` has the arena's bytes
    in each memory, where it lies in several.  `timer_source` is the clock that the timer reads, as the
    firmware found it at boot; "" from one that does not tell.
    """

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
    state_bytes: int = 0
    timer_resolution: int = 1
    window_bytes: int = 0
    layer_times: bool = False
    layer_tensors: bool = False
    arena_regions: Mapping[str, int] = field(default_factory=dict)
    timer_source: str = ""


@dataclass(frozen=True, slots=True)
class TimerRate:
    """A board's timer by a second clock: `hz`, off by `uncertainty_hz` at most, over `seconds`.

    `kind` is that of the figure: by this computer's clock.
    """

    hz: float
    uncertainty_hz: float
    seconds: float
    kind: Kind = Kind.HOST


@dataclass(frozen=True, slots=True)
class Inference:
    """One inference on the device: its output bytes (all outputs, in order) and its timer ticks."""

    output: bytes
    ticks: int


@dataclass(frozen=True, slots=True)
class ArenaNeed:
    """What an interpreter needs of its arena, in bytes.

    It was tried in `tried_bytes`; `need_bytes` is the least in which it can be made ready, `used_bytes` what
    it uses from then on.
    """

    tried_bytes: int
    need_bytes: int
    used_bytes: int


@dataclass(frozen=True, slots=True)
class MemoryUse:
    """High-water marks by painting, in bytes since boot; `stack_bytes` None where the board cannot tell.

    `arena_regions` has the arena's in each memory, where it lies in several.
    """

    stack_bytes: int | None
    stack_reserve_bytes: int
    arena_bytes: int
    arena_regions: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LayerTime:
    """Timer value of one layer in one inference, in the run's unit; `macs` are its multiply-accumulates."""

    name: str
    op: str
    value: int
    macs: int = 0

    @property
    def per_mac(self) -> float | None:
        """The unit's cost of one multiply-accumulate; None for a layer that has none."""
        return self.value / self.macs if self.macs else None


@dataclass(frozen=True, slots=True, eq=False)
class Measurement:
    """A whole data set through one firmware.

    `outputs` has shape (samples, output bytes), uint8; `ticks` shape (runs,), int64: raw timer
    ticks of every timed inference, at least one a sample.  `stack_bytes` is the high-water mark by
    painting, None where the board cannot tell.  `state_reset` is None for a model without state,
    `timer_rate` where there was no second clock.  `retries` and `faults` are of the last session.
    """

    identity: Identity
    outputs: npt.NDArray[np.uint8]
    ticks: npt.NDArray[np.int64]
    layers: tuple[LayerTime, ...] | None
    stack_bytes: int | None
    warm_up: int = 0
    state_reset: StateReset | None = None
    timer_rate: TimerRate | None = None
    retries: int = 0
    faults: int = 0


@dataclass(frozen=True, slots=True)
class Outlier:
    """An inference whose time stands apart: its place among the runs, from 0, and its time."""

    run: int
    value: int


@dataclass(frozen=True, slots=True)
class Timing:
    """Summary of inference times in `unit`; the kind says what they are worth.

    Every run counts in every figure: `outliers` are named by `outlier_rule`, not dropped.  `warm_up`
    inferences ran untimed before.  `timer_hz` is the rate of the timer the times were read from, `clock_hz`
    the core's clock as the board file has it (None where it is not known).  `timer_rate` is the timer's rate
    as this computer's clock finds it, and `measured_clock_hz` what the core's clock must be then; both are
    None for a simulated board, whose time is not this computer's.  `model` says in words what an estimated
    time rests on.  `timer_source` is the clock that was read, where the firmware tells; `timer_note` says in
    words why it is not the one that was meant.
    """

    kind: Kind
    unit: str
    runs: int
    min: int
    median: int
    max: int
    per_layer: tuple[LayerTime, ...] | None = None
    p95: int | None = None
    warm_up: int = 0
    outliers: tuple[Outlier, ...] = ()
    outlier_rule: str = ""
    timer_hz: int | None = None
    clock_hz: int | None = None
    timer_rate: TimerRate | None = None
    model: str | None = None
    timer_source: str | None = None
    timer_note: str | None = None

    @property
    def measured_clock_hz(self) -> float | None:
        """The core's clock by this computer's: core and timer run off the same one, at a fixed ratio."""
        if self.timer_rate is None or not self.clock_hz or not self.timer_hz:
            return None
        return self.timer_rate.hz * self.clock_hz / self.timer_hz


@dataclass(frozen=True, slots=True)
class Divergence:
    """Where an inference left the oracle's way: a layer whose inputs were right and whose output is not.

    `sample` is the row of the data; `element` the first differing value of the tensor in memory order and
    `channel` its index along the last axis; `expected` and `got` are that value in the tensor's own type.
    """

    sample: int
    layer: int
    name: str
    operator: str
    tensor: str
    element: int
    channel: int
    expected: int | float
    got: int | float
    differing_elements: int
    elements: int


@dataclass(frozen=True, slots=True)
class Parity:
    """Output bytes beside the oracle's; `divergence` says more of `first_diverging_layer`."""

    oracle: str
    compared_bytes: int
    mismatched_bytes: int
    first_diverging_layer: str | None = None
    divergence: Divergence | None = None


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Share of samples whose largest output is at the label, 0…1; None: not known.

    The intervals are Wilson's at 95 % (see toolchain.intervals).
    """

    float_model: float | None
    int8_host: float | None
    device: float | None
    samples: int | None
    int8_host_interval: tuple[float, float] | None = None
    device_interval: tuple[float, float] | None = None

"""The whole result of a deployment, as typed values; `toolchain.report` turns it into JSON and text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from toolchain.vocabulary.budget import BudgetCheck
from toolchain.vocabulary.firmware import Firmware
from toolchain.vocabulary.graph import KeptChannels
from toolchain.vocabulary.layers import ProgramFacts
from toolchain.vocabulary.measurement import Accuracy, Identity, Parity, StateReset, Timing
from toolchain.vocabulary.optimisation import StepRecord
from toolchain.vocabulary.optimisation_report import OtherForm, Point
from toolchain.vocabulary.program import ArenaRegion


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """The model file.  `float_bytes` and `parameters` are None when a `.tflite` was given."""

    name: str
    sha256: str
    source: str
    macs: int
    parameters: int | None
    float_bytes: int | None
    int8_bytes: int
    int8_gzip_bytes: int


@dataclass(frozen=True, slots=True)
class SmallerTensor:
    """A tensor between layers that lost channels: `left` of `channels` are still computed.

    The others by their position: `constant` whatever the input is, or `unread` by any weight that counts.
    """

    tensor: int
    channels: int
    left: int
    constant: tuple[int, ...]
    unread: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RemovedChannels:
    """What the compiler left out since it is constant, or no weight reads it; `macs` are what is left."""

    model_macs: int
    macs: int
    tensors: tuple[SmallerTensor, ...]


def removed_channels_of(program: ProgramFacts) -> RemovedChannels | None:
    """What was left out of a compiled program; None where it computes every weight."""
    if not program.kept:
        return None
    return RemovedChannels(program.model_macs, program.macs, tuple(map(_smaller, program.kept)))


def _smaller(kept: KeptChannels) -> SmallerTensor:
    known = {*kept.channels, *kept.constant}
    unread = tuple(i for i in range(kept.of) if i not in known)
    return SmallerTensor(kept.tensor, kept.of, len(kept.channels), kept.constant, unread)


@dataclass(frozen=True, slots=True)
class FirmwareFacts:
    """The firmware's sizes in bytes.

    `stack_bytes` is the high-water mark the device found, for everything it runs; `model_stack_bytes` a
    static bound for the model and its kernels, from the compiler's figures for every function.
    """

    build_id: str
    flash_bytes: int
    ram_bytes: int
    arena_bytes: int
    stack_bytes: int | None
    code_bytes: int
    weights_bytes: int
    compiler: str
    flags: tuple[str, ...]
    optimise_for: str
    model_stack_bytes: int | None
    model_stack_kind: str = "static bound"


@dataclass(frozen=True, slots=True)
class MemoryBuffer:
    """A tensor, or a layer's scratch: `bytes` from `offset` on, needed from one layer to another.

    `region` names the memory, where the board has several for the arena; the offset counts in its part.
    """

    name: str
    offset: int
    bytes: int
    first_layer: int
    last_layer: int
    region: str = ""


@dataclass(frozen=True, slots=True)
class MemoryMap:
    """Who lies where in the arena, and when.

    `lower_bound_bytes` is the most that any one layer needs: no arena for the same execution is smaller.
    `state_bytes` is what variables take beside the arena.  `regions` says what lies in which memory, where
    the board has several for the arena.
    """

    arena_bytes: int
    lower_bound_bytes: int
    state_bytes: int
    buffers: tuple[MemoryBuffer, ...]
    regions: tuple[ArenaRegion, ...] = ()


@dataclass(frozen=True, slots=True)
class LayerKernel:
    """How a layer is computed: the form that was chosen for the core, and what that rests on."""

    layer: str
    op: str
    form: str
    why: str


def layer_kernels_of(program: ProgramFacts) -> tuple[LayerKernel, ...]:
    """The forms of a compiled program's layers."""
    return tuple(LayerKernel(layer.name, layer.op, layer.form, layer.why) for layer in program.layers)


def memory_map_of(program: ProgramFacts) -> MemoryMap:
    """The memory map of a compiled program."""
    return MemoryMap(
        arena_bytes=program.arena_bytes,
        lower_bound_bytes=program.arena_lower_bound_bytes,
        state_bytes=program.state_bytes if program.engine == "aot" else 0,
        buffers=tuple(
            MemoryBuffer(b.name, b.offset, b.bytes, b.first_layer, b.last_layer, b.region)
            for b in program.buffers
        ),
        regions=program.regions,
    )


@dataclass(frozen=True, slots=True)
class Provenance:
    """What produced a result, so that it can be made again; `chipcast verify` looks whether it still can.

    Hashes are SHA-256.  `data_sha256` is the data file's (None: random inputs from `seed`), `inputs_sha256`
    that of the bytes the model was given, `outputs_sha256` of those the device gave.  `board_sha256` is the
    hash of the board's description.  Times are UTC, ISO 8601.  `resumed_from` is how many inferences an
    earlier run, broken off, had left in the journal.  `measured_timer_hz` is the timer's rate by this
    computer's clock (None: simulated).  `state_reset` says when a model's state was put back while data ran
    through it, device and oracle alike (None: it has none).  `line_retries` counts what had to be asked or
    sent again in the last session, `device_faults` how often the firmware told of a fault and restarted.
    """

    model_sha256: str
    data: str | None
    data_sha256: str | None
    seed: int | None
    samples: int
    inputs_sha256: str
    outputs_sha256: str
    build_id: str
    elf_sha256: str
    compiler: str
    flags: tuple[str, ...]
    engine: str
    board: str
    board_sha256: str
    clock_hz: int | None
    timer_hz: int
    timer_kind: str
    port: str
    project: str
    host: Mapping[str, str]
    started: str
    finished: str
    resumed_from: int = 0
    measured_timer_hz: float | None = None
    state_reset: StateReset | None = None
    line_retries: int = 0
    device_faults: int = 0


@dataclass(frozen=True, slots=True)
class EngineFigures:
    """What one of several engines took for the same model, data and board.

    Bytes as in Firmware; `differing_bytes` of its outputs, of the `compared_bytes`, are not the first
    engine's. `project` is where its firmware lies.
    """

    build_id: str
    project: str
    flash_bytes: int
    weights_bytes: int
    code_bytes: int
    ram_bytes: int
    arena_bytes: int
    stack_bytes: int | None
    timing: Timing
    parity: Parity
    compared_bytes: int
    differing_bytes: int


@dataclass(frozen=True, slots=True)
class EngineResult:
    """An engine beside others: its figures, or the `problem` for which it cannot run the model."""

    engine: str
    figures: EngineFigures | None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What `deploy` returns and report.json holds.

    `points` are the model as given and after each step (empty where a `.tflite` was given), `forms` what it
    was converted to for comparison, `budget` the limits that were set, `kernels` how each layer is computed,
    `removed` what of the model the program leaves out without changing a byte of its outputs, `engines` the
    engines side by side where there are several.
    """

    model: ModelFacts
    optimise: tuple[StepRecord, ...]
    engine: str
    board: str
    firmware: FirmwareFacts
    timing: Timing
    accuracy: Accuracy
    parity: Parity
    folder: Path
    memory: MemoryMap
    provenance: Provenance | None = None
    points: tuple[Point, ...] = ()
    forms: tuple[OtherForm, ...] = ()
    budget: tuple[BudgetCheck, ...] = ()
    kernels: tuple[LayerKernel, ...] = ()
    removed: RemovedChannels | None = None
    engines: tuple[EngineResult, ...] = ()


@dataclass(frozen=True, slots=True)
class ProjectMeasurement:
    """What `chipcast measure` found.  `parity` is None where the int8 model is not at hand."""

    board: str
    engine: str
    identity: Identity
    firmware: Firmware
    timing: Timing
    stack_bytes: int | None
    accuracy: Accuracy
    parity: Parity | None
    provenance: Provenance | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One thing a result was bound to, then and now; `found` None: not at hand, so not checked."""

    what: str
    recorded: str
    found: str | None

    @property
    def agrees(self) -> bool | None:
        """Whether it is the same now; None where it was not checked."""
        return None if self.found is None else self.found == self.recorded

"""The whole result of a deployment, as typed values; `toolchain.report` turns it into JSON and text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from toolchain.vocabulary.firmware import Firmware
from toolchain.vocabulary.measurement import Accuracy, Identity, Parity, Timing
from toolchain.vocabulary.optimisation import StepRecord


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
    """A tensor, or a layer's scratch: `bytes` from `offset` on, needed from one layer to another."""

    name: str
    offset: int
    bytes: int
    first_layer: int
    last_layer: int


@dataclass(frozen=True, slots=True)
class MemoryMap:
    """Who lies where in the arena, and when.

    `lower_bound_bytes` is the most that any one layer needs: no arena for the same execution is smaller.
    `state_bytes` is what variables take beside the arena.
    """

    arena_bytes: int
    lower_bound_bytes: int
    state_bytes: int
    buffers: tuple[MemoryBuffer, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What `deploy` returns and report.json holds."""

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

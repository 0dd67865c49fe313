"""A project on disk, and what the compiler made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Firmware:
    """A built firmware: every size in bytes, read from the ELF file.

    `flash_bytes` is what is programmed (code, constants, initialised data); `ram_bytes` what is reserved
    when it runs (data, bss and the stack's reserve); `weights_bytes` the model's weights and biases, by
    symbol, or the whole model file where it is interpreted; `tables_bytes` the compiler's other constants;
    `code_bytes` the flash that is neither. `model_stack_bytes` is a static bound on the stack that the
    model and its kernels take (None where the compiler tells of no bound). `build_id` is the hash of all
    sources and flags, computed by the project's own build and carried in the ELF file. `arena_regions` has,
    where the board has several memories for the arena, the bytes of it in each; `arena_bytes` is their sum.
    """

    project: Path
    elf: Path
    board: str
    engine: str
    build_id: str
    model_sha256: str
    flash_bytes: int
    ram_bytes: int
    arena_bytes: int
    weights_bytes: int
    tables_bytes: int
    code_bytes: int
    compiler: str
    flags: tuple[str, ...]
    model_stack_bytes: int | None
    arena_regions: Mapping[str, int] = field(default_factory=dict)

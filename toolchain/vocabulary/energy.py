"""Energy per operation as a table, and what is estimated from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from pydantic import Field, model_validator

from toolchain.vocabulary.measurement import Kind
from toolchain.vocabulary.settings import Settings


class OperationEnergies(Settings):
    """pJ for one operation."""

    add_int32: float = Field(ge=0.0)
    multiply_int8: float = Field(ge=0.0)
    multiply_int16: float = Field(ge=0.0)


class MemoryEnergy(Settings):
    """pJ for one access of `access_bits` to a memory of `bytes`."""

    bytes: int = Field(ge=1)
    access_bits: int = Field(ge=1, le=4096)
    access: float = Field(ge=0.0)


class EnergyTable(Settings):
    """One file of the folder `energy`: where its figures come from stands in `source`."""

    id: str = Field(min_length=1, max_length=100)
    source: str = Field(min_length=1, max_length=1000)
    operations: OperationEnergies
    memories: tuple[MemoryEnergy, ...] = Field(strict=False, min_length=1)

    @model_validator(mode="after")
    def _memories_ascend(self) -> Self:
        sizes = [memory.bytes for memory in self.memories]
        if sizes != sorted(set(sizes)):
            raise ValueError("memories must be listed from the smallest to the largest")
        return self

    def memory_for(self, size: int) -> MemoryEnergy | None:
        """The smallest memory that holds `size` bytes; None where the table has none so large."""
        return next((memory for memory in self.memories if memory.bytes >= size), None)


@dataclass(frozen=True, slots=True)
class EnergyEstimate:
    """nJ for one inference, from a table of energies per operation: an estimate, and a floor.

    `arithmetic_nj` are multiplications and additions; `weights_nj` and `activations_nj` the memory accesses
    when every weight is read once and every activation is written and read once a layer.  Fetching and
    decoding instructions is not in it.
    """

    total_nj: float
    arithmetic_nj: float
    weights_nj: float
    activations_nj: float
    table: str
    source: str
    kind: Kind = Kind.ESTIMATED

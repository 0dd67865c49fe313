"""A port of this computer, what it looks like, and what answers there."""

from __future__ import annotations

from dataclasses import dataclass

from toolchain.vocabulary.board_on_desk import UsbRole
from toolchain.vocabulary.measurement import Identity


@dataclass(frozen=True, slots=True)
class AttachedPort:
    """One serial port as the operating system has it; USB ids and number are None where it has none."""

    path: str
    description: str
    vendor: int | None = None
    product: int | None = None
    serial_number: str | None = None


@dataclass(frozen=True, slots=True)
class AttachedDevice:
    """A port, the boards whose files have its USB ids (several share a debug probe's), and the role of these.

    `identity` is what a chipcast firmware there told; None where none was asked or none answered, and `note`
    says which.
    """

    port: AttachedPort
    boards: tuple[str, ...]
    role: UsbRole | None
    identity: Identity | None
    note: str

"""How much of a board a model would take, said before anything is built."""

from __future__ import annotations

from dataclasses import dataclass

from toolchain.vocabulary.measurement import Kind


@dataclass(frozen=True, slots=True)
class Fit:
    """A model on a board: bytes of flash and RAM that its firmware takes, `kind` estimated.

    The model's data in them is exact, as the model was compiled for the board: `data_flash_bytes` of weights
    and tables, `data_ram_bytes` of arena, state, input and output.  The rest is code, stack and buffers, by
    rules with an error of some kilobytes.  `reason` says why it does not fit, or why it cannot be compiled,
    when the figures are None; None where it fits.
    """

    board: str
    flash_bytes: int | None
    ram_bytes: int | None
    data_flash_bytes: int | None
    data_ram_bytes: int | None
    reason: str | None
    kind: Kind = Kind.ESTIMATED

    @property
    def fits(self) -> bool:
        """Whether it would."""
        return self.reason is None

"""What a board file says of a board on the desk: its serial line, its USB ids, how it is flashed."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Identifier = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_\-]*$", max_length=64)]


class Strict(BaseModel):
    """Root of the tables of a board file: unknown keys are errors, values are never coerced."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


SerialLine = Literal["probe", "bridge", "native", "wires"]
"""Between the part and the host: a UART behind the on-board debug probe; a UART behind a USB bridge; the
part's own USB (the port goes and comes again with every reset); or a UART on pins, for an adapter of the
user's."""

UsbRole = Literal["firmware", "probe", "bridge", "bootloader"]
"""Who has the ids: the part's own USB under the framework; the debug probe or the bridge that many boards
have; the boot loader, in which no firmware answers."""


class UsbId(Strict):
    """Vendor and product id of a port that the board shows itself with."""

    vendor: int = Field(ge=0, lt=2**16)
    product: int = Field(ge=0, lt=2**16)
    role: UsbRole


class Upload(Strict):
    """How PlatformIO flashes it: `protocols`, the default first.

    Those of `over_serial` go through the board's serial port, so PlatformIO is told which; the others find a
    probe or a boot loader on USB themselves.  `onboard` is that of the probe whose USB serial number is also
    the port's: where several are plugged in, the right one is found by it.
    """

    protocols: list[Identifier] = Field(min_length=1, max_length=16)
    over_serial: list[Identifier] = Field(default_factory=list, max_length=16)
    onboard: Identifier | None = None

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if len(set(self.protocols)) < len(self.protocols):
            raise ValueError("a protocol is named twice")
        if unknown := sorted(set(self.over_serial) - set(self.protocols)):
            raise ValueError(f"over_serial names {unknown[0]}, which is none of the protocols")
        if self.onboard is not None and self.onboard not in self.protocols:
            raise ValueError(f"onboard is {self.onboard}, which is none of the protocols")
        return self

    @property
    def protocol(self) -> str:
        """The one that is used."""
        return self.protocols[0]

    @property
    def wants_port(self) -> bool:
        """Whether the protocol that is used goes through the serial port."""
        return self.protocol in self.over_serial

    def by(self, protocol: str) -> Upload:
        """The same with `protocol`, one of the protocols, as the one that is used."""
        others = [other for other in self.protocols if other != protocol]
        return self.model_copy(update={"protocols": [protocol, *others]})

"""A board as its TOML file describes it: pure data, strict, unknown keys refused."""

from __future__ import annotations

import itertools
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from toolchain.vocabulary.board_on_desk import Identifier, SerialLine, Strict, Upload, UsbId

CIdentifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
Address = Annotated[int, Field(ge=0, lt=2**32)]
Text = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 .,;:+_()'/\-]*$", min_length=1, max_length=100)]
Interrupt = Annotated[int, Field(ge=0, lt=64)]
CoreFeature = Literal["dsp", "helium", "mul32", "mul64"]
Flag = Annotated[str, Field(pattern=r"^-[A-Za-z0-9_=,.+\-/]+$", max_length=200)]
Header = Annotated[str, Field(pattern=r"^[A-Za-z0-9_./\-]+\.h$", max_length=100)]
# What a line of platformio.ini may hold: nothing that begins another line, a comment or an interpolation.
Option = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.,:+@/~^=<>#\- ]+$", max_length=200)]
OptionName = Annotated[str, Field(pattern=r"^board_[a-z]+(\.[a-z0-9_]+)+$", max_length=100)]


class Region(Strict):
    """One of several memories that the arena may lie in."""

    name: CIdentifier
    origin: Address
    bytes: int = Field(gt=0, le=2**31)
    speed: Text = Field(description="in words: what an access costs")


class Memory(Strict):
    """What the part really has, in bytes; the linker script enforces it, in a simulator too.

    `ram_bytes` 0 and `flash_bytes` 0 mean "not limited" (the `host` board only).  A part with several
    memories lists all that the arena may lie in as `regions`, the best first; the one with the stack and
    the firmware's own data is that of `ram_origin` and `ram_bytes`.
    """

    flash_bytes: int = Field(ge=0, le=2**31)
    ram_bytes: int = Field(ge=0, le=2**31)
    flash_origin: Address = 0
    ram_origin: Address = 0
    scattered: bool = Field(
        default=False,
        description="flash or RAM is at several addresses: what is used is the sum of the sections",
    )
    stack_bytes: int = Field(default=4096, ge=0, le=2**24, description="reserved for the stack, part of RAM")
    regions: list[Region] = Field(default_factory=list, max_length=8)

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        if bool(self.flash_bytes) != bool(self.ram_bytes):
            raise ValueError("flash and RAM must both be limited, or neither")
        for name, origin, size in (
            ("flash", self.flash_origin, self.flash_bytes),
            ("RAM", self.ram_origin, self.ram_bytes),
        ):
            if origin + size > 2**32:
                raise ValueError(f"{name} reaches beyond the 32-bit address space")
        if self.ram_bytes and self.stack_bytes >= self.ram_bytes:
            raise ValueError(f"the stack's {self.stack_bytes:,} bytes are more than the RAM there is")
        return self

    @model_validator(mode="after")
    def _has_sound_regions(self) -> Self:
        by_origin = sorted(self.regions, key=lambda region: region.origin)
        for region, after in itertools.pairwise(by_origin):
            if region.origin + region.bytes > after.origin:
                raise ValueError(f"the regions {region.name} and {after.name} overlap")
        for region in self.regions:
            if region.origin + region.bytes > 2**32:
                raise ValueError(f"the region {region.name} reaches beyond the 32-bit address space")
        if len({region.name for region in self.regions}) < len(self.regions):
            raise ValueError("two regions have one name")
        if self.regions and self.main_region is None:
            raise ValueError("none of the regions is the one of ram_origin and ram_bytes")
        return self

    @property
    def main_region(self) -> Region | None:
        """The region that holds stack and data too; None where there are no regions."""
        main = (self.ram_origin, self.ram_bytes)
        return next((region for region in self.regions if (region.origin, region.bytes) == main), None)


class PlatformIO(Strict):
    """How PlatformIO builds for it.

    Platform "chipcast" is the one that travels inside the project; any other is PlatformIO's, which brings
    compiler, framework and upload tools itself.  `options` are further lines of its environment.
    """

    platform: Option
    board: Option
    framework: Literal["arduino"] | None = None
    variant: Identifier | None = Field(default=None, description="the Arduino core's, with its pins")
    options: dict[OptionName, Option] = Field(default_factory=dict)

    tflm_library: str | None = Field(
        default=None, min_length=1, max_length=500, description="TensorFlow Lite Micro, where none is named"
    )

    @property
    def travels(self) -> bool:
        """Whether the project itself holds the development platform."""
        return self.platform == "chipcast"

    @model_validator(mode="after")
    def _has_a_variant_with_its_framework(self) -> Self:
        if self.travels and (self.framework is None) != (self.variant is None):
            raise ValueError("the framework arduino needs a variant, and no other has one")
        if not self.travels and self.framework is None:
            raise ValueError("a platform of PlatformIO's is used with its framework arduino")
        return self


class Compiler(Strict):
    """Which compiler, and the flags that select the core; those that a platform of PlatformIO's does not
    give already, and in `unflags` those of its own that are wrong here, its optimisation among them."""

    prefix: str = Field(pattern=r"^[a-z0-9_\-]*$", description='"arm-none-eabi-"; empty for the host\'s cc')
    flags: list[Flag] = Field(default_factory=list)
    unflags: list[Flag] = Field(default_factory=list)
    package: str | None = Field(default=None, description="the Debian package that brings the compiler")


class Support(Strict):
    """Board-support sources of firmware_templates/support that the firmware is linked with."""

    startup: CIdentifier
    uart: CIdentifier
    timer: CIdentifier
    linker_script: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9_]+\.ld$",
        description="of platform/ldscripts; None: the compiler's own",
    )
    uart_base: Address = 0
    timer_base: Address = 0
    uart_irq: Interrupt | None = Field(default=None, description="None: the receiver is polled without sleep")
    timer_irq: Interrupt | None = None
    headers: list[Header] = Field(
        default_factory=list, description="of the framework, included with Arduino.h: what Serial needs there"
    )


class Serial(Strict):
    """The line to the host.

    `line` says what a board on the desk has between its part and the host.  `dtr` and `rts`: the levels
    these have while the port is open, where the board wants it so (None: the driver's own way).
    """

    baud: int = Field(ge=1200, le=4_000_000)
    line: SerialLine | None = None
    dtr: bool | None = None
    rts: bool | None = None


class Timer(Strict):
    """What the firmware's ticks are.

    `hz` ticks a second; or none, and the firmware reads the rate from `rate`, the framework's variable with
    the core's clock, and tells it.  Kind "measured": time by the board's own clock.  "counted": a simulator
    in which every instruction takes 2**icount_shift ns of guest time, so ticks are instructions.
    "estimated": time in a simulator that models the core's cycles, as `model` says in words.  "host": wall
    time of the computer the firmware runs on.
    """

    hz: int | None = Field(default=None, ge=1000, le=10_000_000_000)
    rate: Literal["SystemCoreClock", "F_CPU_ACTUAL", "F_CPU"] | None = None
    kind: Literal["measured", "counted", "estimated", "host"]
    model: Text | None = None

    @model_validator(mode="after")
    def _says_what_it_rests_on(self) -> Self:
        if (self.kind == "estimated") != (self.model is not None):
            raise ValueError("kind estimated needs model, in words, and no other kind has one")
        if (self.hz is None) == (self.rate is None):
            raise ValueError("either hz or rate says how fast it is")
        if self.hz is None and self.kind != "measured":
            raise ValueError("a rate that the firmware reads is for kind measured only")
        return self


class Simulator(Strict):
    """What "flashing" starts.  Absent for a board on the desk."""

    kind: Literal["qemu", "rp2040js", "simavr", "host"]
    machine: str | None = Field(default=None, pattern=r"^[a-z0-9\-_]+$")
    program: str | None = Field(default=None, pattern=r"^[a-z0-9\-_]+$")
    bios: Literal["none"] | None = Field(default=None, description="QEMU's; None: the machine's own default")
    package: str | None = None
    icount_shift: int | None = Field(default=None, ge=0, le=10)

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.kind == "qemu" and (self.machine is None or self.program is None):
            raise ValueError("qemu needs a machine and a program")
        if self.kind == "rp2040js" and self.program is None:
            raise ValueError("rp2040js needs a program, which is node")
        if self.kind == "simavr" and (self.machine is None or self.program is None):
            raise ValueError("simavr needs a machine, which is the microcontroller, and a program")
        return self


Verification = Literal["simulated", "compiled", "not yet"]
"""What the tests do with a board: build, flash and run it here; build it; neither."""


class Board(Strict):
    """One file of `boards/`.

    `verified` says for each engine what is done with the board in chipcast's own tests.
    """

    id: Identifier
    name: Text
    mcu: Text
    core: Identifier
    core_features: list[CoreFeature] | None = Field(
        default=None, description="where the core has not what others of its name have"
    )
    clock_hz: int | None = Field(default=None, gt=0, le=10_000_000_000, description="the core's, where known")
    memory: Memory
    platformio: PlatformIO
    compiler: Compiler
    support: Support
    serial: Serial
    timer: Timer
    simulator: Simulator | None = None
    upload: Upload | None = None
    usb: list[UsbId] = Field(default_factory=list, max_length=16)
    setup: Text | None = Field(
        default=None, description="in words: the clock and the caches as the framework sets them up"
    )
    verified: dict[Literal["aot", "tflm"], Verification] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _counts_every_instruction(self) -> Self:
        if self.timer.kind != "counted":
            return self
        if self.simulator is None or self.simulator.icount_shift is None:
            raise ValueError("simulator: counting needs a simulator with icount_shift")
        if self.timer.hz is None or self.timer.hz * (1 << self.simulator.icount_shift) < 1_000_000_000:
            raise ValueError("timer: a tick is longer than an instruction; raise icount_shift")
        return self

    @model_validator(mode="after")
    def _is_simulated_or_on_a_desk(self) -> Self:
        if self.simulator is not None and self.upload is not None:
            raise ValueError("upload: a simulated board is not uploaded to")
        if self.simulator is None and not self.platformio.travels and self.upload is None:
            raise ValueError("upload: a board on the desk needs its protocols")
        return self

    @property
    def is_simulated(self) -> bool:
        """Whether flashing it starts a program on this computer."""
        return self.simulator is not None

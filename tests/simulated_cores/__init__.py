"""Generated C on the simulated cores, its files the host's: every tensor comes back.

The M0's code, Armv6-M, runs on the M3, which executes it too: the micro:bit has no room for these programs.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.cortex_m4 import CORTEX_M4
from tests.host_runner import Target

_HERE = Path(__file__).parent
_START = _HERE.parent / "cortex_m4"


def _cortex_m(machine: str, script: Path, *core: str, start: Path = _START / "start.c") -> Target:
    return Target(
        compiler="arm-none-eabi-gcc",
        flags=("-O2", "-mthumb", *core),
        link=("--specs=rdimon.specs", f"-L{_HERE}", "-T", str(script), str(start)),
        start=(
            *("qemu-system-arm", "-M", machine, "-nographic", "-monitor", "none", "-serial", "none"),
            *("-semihosting-config", "enable=on,target=native", "-kernel", "run"),
        ),
    )


_AN385 = _START / "link.ld"
_FLOAT = "-mfloat-abi=hard"

CORES: Mapping[str, Target] = {
    "cortex-m0": _cortex_m("mps2-an385", _AN385, "-mcpu=cortex-m0"),
    "cortex-m3": _cortex_m("mps2-an385", _AN385, "-mcpu=cortex-m3"),
    "cortex-m4": CORTEX_M4,
    "cortex-m7": _cortex_m("mps2-an500", _AN385, "-mcpu=cortex-m7", _FLOAT, "-mfpu=fpv5-d16"),
    "cortex-m33": _cortex_m(
        "mps2-an505", _HERE / "link_an505.ld", "-mcpu=cortex-m33", _FLOAT, "-mfpu=fpv5-sp-d16"
    ),
    # At -O3, as the profile "speed" has it, so that the compiler uses Helium.
    "cortex-m55": _cortex_m(
        *("mps3-an547", _HERE / "link_an547.ld", "-mcpu=cortex-m55", _FLOAT, "-O3"),
        start=_HERE / "start_an547.c",
    ),
    "rv32imac": Target(
        compiler="riscv64-unknown-elf-gcc",
        flags=(
            *("-O2", "-march=rv32imac", "-misa-spec=2.2", "-mabi=ilp32", "-mcmodel=medany"),
            "--specs=picolibc.specs",
        ),
        link=(
            *("--oslib=semihost", "--crt0=hosted"),
            "-Wl,--defsym=__flash=0x80000000,--defsym=__flash_size=0x1000000",
            "-Wl,--defsym=__ram=0x81000000,--defsym=__ram_size=0x1000000,--defsym=__stack_size=0x10000",
        ),
        start=(
            *("qemu-system-riscv32", "-M", "virt", "-bios", "none", "-nographic", "-monitor", "none"),
            *("-serial", "none", "-semihosting-config", "enable=on,target=native", "-kernel", "run"),
        ),
    ),
}
"""By the name that a board file has for the core."""

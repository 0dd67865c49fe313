"""Generated C on the simulated Cortex-M4, its files the host's: every tensor comes back."""

from __future__ import annotations

from pathlib import Path

from tests.host_runner import Target

_HERE = Path(__file__).parent
_CORE = ("-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16")

CORTEX_M4 = Target(
    compiler="arm-none-eabi-gcc",
    flags=("-O2", *_CORE),
    link=("--specs=rdimon.specs", "-T", str(_HERE / "link.ld"), str(_HERE / "start.c")),
    start=(
        *("qemu-system-arm", "-M", "mps2-an386", "-nographic", "-monitor", "none", "-serial", "none"),
        *("-semihosting-config", "enable=on,target=native", "-kernel", "run"),
    ),
)

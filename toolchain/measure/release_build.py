"""Whether a firmware was built to be measured."""

from __future__ import annotations

from toolchain.errors import DebugBuildError
from toolchain.vocabulary.firmware import Firmware
from toolchain.vocabulary.settings import OPTIMISATION_FLAGS


def require_release_build(firmware: Firmware, optimise_for: str) -> None:
    """Refuse a firmware whose optimisation is not the one its project was rendered with.

    Of several -O flags the last counts, as in GCC; none is -O0.

    Raises:
        DebugBuildError: with the flag that is and the one that should be.
    """
    wanted = OPTIMISATION_FLAGS.get(optimise_for)
    found = [flag for flag in firmware.flags if flag.startswith("-O")]
    effective = found[-1] if found else None
    if effective != wanted or wanted is None:
        raise DebugBuildError(
            f"The firmware was built with {effective or 'no optimisation flag'}, its project was rendered "
            f"for {wanted or optimise_for}: its figures would say nothing of the firmware that is meant.",
            "Restore build_flags in platformio.ini (and no build_type = debug), or pass --allow-debug.",
        )

"""What a core can do that kernels are chosen by, and what a program is compiled for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from toolchain.vocabulary.board import Board, CoreFeature

# "dsp": the SIMD instructions of Armv7E-M and of Armv8-M's DSP extension (SMLAD, SXTB16, SMMUL, …), which
# is optional in the Cortex-M33 and M35P and nearly always there.  "helium": the vectors of Armv8.1-M.
# "mul32": 32 bits of a product in one instruction; "mul64": its upper half too (SMULL, MULH).  Cores with DSP
# have both, and kernels of their own.
_FEATURES: Mapping[str, frozenset[CoreFeature]] = {
    "cortex-m0": frozenset({"mul32"}),
    "cortex-m0plus": frozenset({"mul32"}),
    "cortex-m3": frozenset({"mul32", "mul64"}),
    "rv32imac": frozenset({"mul32", "mul64"}),
    "rv32imc": frozenset({"mul32", "mul64"}),
    "cortex-m4": frozenset({"dsp"}),
    "cortex-m7": frozenset({"dsp"}),
    "cortex-m33": frozenset({"dsp"}),
    "cortex-m35p": frozenset({"dsp"}),
    "cortex-m55": frozenset({"dsp", "helium"}),
    "cortex-m85": frozenset({"dsp", "helium"}),
}


@dataclass(frozen=True, slots=True)
class Target:
    """What kernels are chosen for: the core's features, what the user wants most, and what it may cost.

    `flash_for_speed` is how many bytes more than a byte a weight all layers together may take to be faster.
    `every_weight`: weights that are zero are computed like the others.
    """

    features: frozenset[CoreFeature]
    optimise_for: str
    flash_for_speed: int = 0
    every_weight: bool = False


def core_features(board: Board) -> frozenset[CoreFeature]:
    """The features of the board's core: what the board file says, else what cores of its name have."""
    if board.core_features is not None:
        return frozenset(board.core_features)
    return _FEATURES.get(board.core, frozenset())

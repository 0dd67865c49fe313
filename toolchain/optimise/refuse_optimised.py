"""Steps that change the architecture come before those that choose weights and ranges in it."""

from __future__ import annotations

from typing import Any

from toolchain.errors import ModelError
from toolchain.optimise.keep_structure import keep_structure
from toolchain.optimise.qat import refuse_quantised


def refuse_optimised(network: Any, step: str) -> None:
    """Refuse a network that was pruned, clustered or trained for int8: new weights would undo that.

    Raises:
        ModelError: it was.
    """
    refuse_quantised(network, step)
    if keep_structure(network):
        raise ModelError(
            f"The network has pruned or clustered weights, and the step {step!r} would make new ones.",
            f"Put the step {step!r} before those that prune weights or cluster them.",
        )

"""The order of steps: what would undo what an earlier step bought is refused before any training."""

from __future__ import annotations

from collections.abc import Sequence

from toolchain.errors import ConfigError

# Steps that only train on: everything is kept (`keep_structure`).
_TRAINING = frozenset({"fine_tune"})
_PRUNING = frozenset({"prune", "lottery_ticket"})


def check_order(steps: Sequence[str]) -> None:
    """Check the names of the steps, in the order in which they are to run.

    Raises:
        ConfigError: one would undo an earlier one; both are named.
    """
    for number, later in enumerate(steps):
        for earlier in steps[:number]:
            if _undoes(later, earlier):
                raise ConfigError(
                    f"The step {later!r} would undo what {earlier!r} did.",
                    f"Put {earlier!r} behind {later!r}, or leave one of them out.",
                )


def _undoes(later: str, earlier: str) -> bool:
    if later in _TRAINING:
        return False
    if later == "lottery_ticket":
        # It begins from weights drawn anew: of earlier steps only the architecture is left.
        return earlier in _TRAINING | _PRUNING | {"cluster", "qat"}
    if earlier == "qat":
        return True
    if earlier == "cluster":
        return later not in ("qat", "cluster")
    if earlier in _PRUNING:
        return later not in ("prune", "cluster", "qat")
    return False

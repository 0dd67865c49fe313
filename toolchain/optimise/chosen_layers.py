"""The layers a step is to work on, told by their names or by patterns such as `block_1_*`."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from toolchain.errors import ModelError


def chosen_layers(
    able: Sequence[str], layers: Sequence[str] | None, skip: Sequence[str], step: str
) -> list[str]:
    """Of the layers `able`, those that `layers` names (None: all of them), without those of `skip`.

    Raises:
        ModelError: a name or pattern fits none of them, or none is left.
    """
    for pattern in (*(layers or ()), *skip):
        if not any(fnmatchcase(name, pattern) for name in able):
            raise ModelError(
                f"No layer that the step {step!r} can work on is called {pattern!r}.",
                f"There are: {', '.join(able) or 'none'}.",
            )
    chosen = [
        name
        for name in able
        if (layers is None or any(fnmatchcase(name, pattern) for pattern in layers))
        and not any(fnmatchcase(name, pattern) for pattern in skip)
    ]
    if not chosen:
        raise ModelError(
            f"No layer is left for the step {step!r}.",
            f"Choose other layers, or leave the step {step!r} out.",
        )
    return chosen

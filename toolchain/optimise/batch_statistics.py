"""BatchNormalization in a short training: its moving averages keep up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# Of the averages from before the training, what is left after a fifth of it.
_LEFT = 0.01
_WITHIN = 5


@contextmanager
def averages_that_keep_up(network: Any, steps: int) -> Iterator[None]:
    """Within, every BatchNormalization has a momentum that suits a training of so many steps.

    With the usual momentum of 0.99 an average needs about 500 steps to forget.  A fine-tuning of 100 would
    leave a network whose weights have moved on and whose averages have not.
    """
    momentum = _LEFT ** (_WITHIN / max(steps, _WITHIN))
    found = [part for part in network.submodules if type(part).__name__ == "BatchNormalization"]
    before = [part.momentum for part in found]
    for part in found:
        part.momentum = min(part.momentum, momentum)
    try:
        yield
    finally:
        for part, old in zip(found, before, strict=True):
            part.momentum = old

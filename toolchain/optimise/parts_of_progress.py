"""Progress of a step that trains several times."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from toolchain.optimise.step_context import StepContext


@contextmanager
def part_of(context: StepContext, number: int, parts: int) -> Iterator[None]:
    """Whatever trains within tells its share done as that of part `number` (from 0) of so many."""
    whole = context.progress
    context.progress = lambda share, words: whole((number + share) / parts, words)
    try:
        yield
    finally:
        context.progress = whole

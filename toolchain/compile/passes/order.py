"""The passes, in the order they run."""

from __future__ import annotations

from collections.abc import Callable

from toolchain.compile.passes.drop_unread_operators import drop_unread_operators
from toolchain.vocabulary.graph import Graph

PASSES: tuple[Callable[[Graph], Graph], ...] = (drop_unread_operators,)

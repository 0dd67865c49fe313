"""Which layers a step works on, as a user says it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field


def _listed(value: Any) -> Any:
    """A single name as a list of one; lists as tuples."""
    if isinstance(value, str):
        return (value,)
    return tuple(value) if isinstance(value, list) else value


LayerNames = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(_listed)]
"""Names of layers, or patterns such as `block_*` (`*`, `?` and `[…]` as in file names)."""

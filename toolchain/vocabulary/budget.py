"""What a firmware may cost at most and must reach at least."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import BeforeValidator, Field

from toolchain.vocabulary.settings import Settings

_SIZE = re.compile(r"(\d+)\s*(?:(K|M)i?B?|B)?")
_SIZE_UNITS = {"K": 1 << 10, "M": 1 << 20}
_TIME = re.compile(r"(\d+(?:\.\d+)?)\s*(s|ms|us|µs)")
_TIME_UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6}


def in_bytes(value: object) -> object:
    """Bytes, from a number or from words such as "64K" (of 1024)."""
    if not isinstance(value, str):
        return value
    found = _SIZE.fullmatch(value.strip())
    if found is None:
        raise ValueError("a size is a number of bytes, or such as 64K or 1M")
    return int(found[1]) * _SIZE_UNITS.get(found[2], 1)


def _seconds(value: object) -> object:
    """Seconds, from words with a unit: a bare number would leave it open."""
    found = _TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise ValueError('a time needs its unit, as in "20 ms" (s, ms, us)')
    return float(found[1]) * _TIME_UNITS[found[2]]


class BudgetSettings(Settings):
    """`[budget]`: limits that are checked at the end; a run that breaks one fails.

    `max_time` holds for the slowest inference, by a real timer; a simulated board that counts has
    `max_instructions` instead.  `min_accuracy` is for the metric of the int8 model (also an AUC or the user's
    own too), `max_error` for one that is better when smaller.
    """

    max_flash: Annotated[int | None, BeforeValidator(in_bytes)] = Field(default=None, ge=1)
    max_ram: Annotated[int | None, BeforeValidator(in_bytes)] = Field(default=None, ge=1)
    max_time: Annotated[float | None, BeforeValidator(_seconds)] = Field(default=None, gt=0.0)
    max_instructions: int | None = Field(default=None, ge=1)
    min_accuracy: float | None = Field(default=None, ge=0.0)
    max_error: float | None = Field(default=None, ge=0.0)


@dataclass(frozen=True, slots=True)
class BudgetCheck:
    """One limit and what was found; `found` None: it could not be checked, for want of a board."""

    key: str
    limit: float
    found: float | None
    unit: str

    @property
    def is_met(self) -> bool | None:
        """Whether the limit holds; None where it was not checked."""
        if self.found is None:
            return None
        return self.found >= self.limit if self.key.startswith("min_") else self.found <= self.limit

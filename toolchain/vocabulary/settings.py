"""What a user may set for a stage: strict, checked on the way in, hashed for the stage cache."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """Root of all settings: unknown keys are errors, values are never coerced, instances never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


OptimiseFor = Literal["speed", "ram", "size"]
"""What a program is made for, where not everything can be had at once."""

# Speed is what a user of a microcontroller runs short of first; whoever lacks memory is told so, in bytes,
# by the build, and can choose then.
DEFAULT_OPTIMISE_FOR: OptimiseFor = "speed"

OPTIMISATION_FLAGS: Mapping[str, str] = {"ram": "-O2", "size": "-Os", "speed": "-O3"}
"""The compiler's flag for each; a firmware built with another one is not the one that was asked for."""


class ConvertSettings(Settings):
    """Full-integer post-training quantisation."""

    calibration_samples: int = Field(default=200, ge=1, le=100_000)

"""What a user may set for a stage: strict, checked on the way in, hashed for the stage cache."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


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
    """Full-integer post-training quantisation.

    `activations` "int16" is TFLite's 16×8: int16 activations, int8 weights.  `calibration_choice` says which
    of the training samples calibrate: any, drawn by the seed; as many of each label; or the first ones.
    `range` is how the range of a tensor's values follows from what calibration met.
    """

    activations: Literal["int8", "int16"] = "int8"
    calibration_samples: int = Field(default=200, ge=1, le=100_000)
    calibration_choice: Literal["random", "balanced", "first"] = "random"
    range: Literal["min-max", "percentile", "mse"] = "min-max"
    percentile: float = Field(default=99.99, gt=50.0, lt=100.0, description="of the values, within the range")
    compare: tuple[Literal["float32", "dynamic-range", "float16"], ...] = Field(
        default=(),
        strict=False,
        description="other forms of the model, for comparison; none runs on a target",
    )

    @model_validator(mode="after")
    def _percentile_is_of_use(self) -> Self:
        if "percentile" in self.model_fields_set and self.range != "percentile":
            raise ValueError("percentile is for range = 'percentile' only")
        return self


ResetState = Literal["auto", "each-sample", "never"]
"""When a model's state is reset while data runs through it: `never` is before each round through it alone."""


class SerialSettings(Settings):
    """`[serial]`: how the line to a board on the desk is opened; a simulated board's has none of this.

    `dtr` and `rts` are the levels that these lines are set to before the port opens (None: the driver's own
    way, on most systems both active): many boards restart when one of them changes.
    """

    baud: int | None = Field(default=None, ge=1200, le=4_000_000, description="another rate than the board's")
    dtr: bool | None = None
    rts: bool | None = None
    ready_seconds: float = Field(default=15.0, gt=0.0, le=600.0, description="bound on the first answer")
    reconnect_seconds: float = Field(
        default=30.0, ge=0.0, le=86_400.0, description="how long a port that vanished is waited for"
    )

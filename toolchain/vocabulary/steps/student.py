"""Settings of the step `student`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from toolchain.vocabulary.steps.training import DistilSettings, TrainingSettings


class StudentSettings(TrainingSettings):
    """A narrower or shallower network of the same make, taught by the one it comes from (or by another)."""

    step: Literal["student"] = "student"
    width: float = Field(default=1.0, gt=0.0, le=1.0, description="share of each layer's channels")
    depth: float = Field(
        default=1.0, gt=0.0, le=1.0, description="share of the blocks that repeat each other"
    )
    multiple_of: int = Field(default=4, ge=1, le=65_536, description="channels are rounded to a multiple")
    initialise: Literal["inherit", "random"] = Field(
        default="inherit", description="the strongest channels of the network, or fresh weights"
    )
    distil: DistilSettings | None = DistilSettings()

    @model_validator(mode="after")
    def _is_smaller(self) -> StudentSettings:
        if self.width == self.depth == 1.0:
            raise ValueError("a student is smaller: set width or depth below 1")
        return self

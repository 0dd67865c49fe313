"""Settings of the step `front_end`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from toolchain.vocabulary.steps.training import TrainingSettings

Projection = Literal["standardise", "pca", "svd", "nmf", "ica"]


class FrontEndSettings(TrainingSettings):
    """A linear front end, fitted on the training data by scikit-learn and folded into the model.

    The board then computes it: the model's input stays the raw one.
    """

    step: Literal["front_end"] = "front_end"
    projection: Projection = "pca"
    components: int | None = Field(
        default=None, ge=1, le=65_536, description="how many features are left; standardise keeps all"
    )

    @model_validator(mode="after")
    def _has_its_components(self) -> FrontEndSettings:
        if (self.components is None) != (self.projection == "standardise"):
            raise ValueError("components goes with pca, svd, nmf and ica, and not with standardise")
        return self

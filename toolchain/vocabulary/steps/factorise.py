"""Settings of the step `factorise`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from toolchain.vocabulary.steps.layer_choice import LayerNames
from toolchain.vocabulary.steps.training import TrainingSettings


class FactoriseSettings(TrainingSettings):
    """Low rank: a large kernel becomes the product of two small ones."""

    step: Literal["factorise"] = "factorise"
    keep: float = Field(
        default=0.5, gt=0.0, lt=1.0, description="share of its weights that a layer has afterwards, at most"
    )
    layers: LayerNames | None = Field(default=None, description="which; left out: Dense, Conv1D and Conv2D")
    skip: LayerNames = ()

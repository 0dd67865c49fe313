"""Settings of the step `qat`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from toolchain.vocabulary.steps.layer_choice import LayerNames
from toolchain.vocabulary.steps.training import TrainingSettings


class QatSettings(TrainingSettings):
    """Quantisation-aware training to int8 (Jacob et al. 2018, arXiv:1712.05877)."""

    step: Literal["qat"] = "qat"
    layers: LayerNames | None = Field(
        default=None, min_length=1, description="names or patterns (all); the rest is quantised afterwards"
    )
    skip: LayerNames = Field(default=(), description="names or patterns of layers to leave out")

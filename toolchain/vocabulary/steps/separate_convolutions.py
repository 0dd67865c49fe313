"""Settings of the step `separate_convolutions`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from toolchain.vocabulary.steps.layer_choice import LayerNames
from toolchain.vocabulary.steps.training import TrainingSettings


class SeparateConvolutionsSettings(TrainingSettings):
    """Standard convolutions become depthwise-separable ones, made of the weights they replace."""

    step: Literal["separate_convolutions"] = "separate_convolutions"
    depth_multiplier: int = Field(default=1, ge=1, le=64, description="depthwise kernels for each channel")
    layers: LayerNames | None = Field(
        default=None, description="the convolutions; left out: all that become cheaper without a bottleneck"
    )
    skip: LayerNames = ()

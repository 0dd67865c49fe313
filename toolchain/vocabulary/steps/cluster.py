"""Settings of the step `cluster`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from toolchain.vocabulary.steps.layer_choice import LayerNames
from toolchain.vocabulary.steps.training import TrainingSettings


class ClusterSettings(TrainingSettings):
    """Weight clustering (Han, Mao & Dally 2016, arXiv:1510.00149): few values for all weights of a layer.

    It leaves the size of a model as it is; only what is compressed becomes smaller.
    """

    step: Literal["cluster"] = "cluster"
    clusters: int = Field(default=16, ge=2, le=256, description="values that are left; zeros are one of them")
    start: Literal["kmeans++", "linear", "density", "random"] = Field(
        default="kmeans++", description="how the first values are chosen"
    )
    layers: LayerNames | None = Field(default=None, min_length=1, description="names or patterns (all)")
    skip: LayerNames = Field(default=(), description="names or patterns of layers to leave out")

"""Settings of the step `prune`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from toolchain.vocabulary.steps.training import TrainingSettings


class PruneSettings(TrainingSettings):
    """Magnitude pruning with a polynomial-decay schedule (Zhu & Gupta 2017, arXiv:1710.01878)."""

    step: Literal["prune"] = "prune"
    sparsity: float = Field(default=0.5, gt=0.0, lt=1.0, description="share of weights that end as zero")
    initial_sparsity: float = Field(default=0.0, ge=0.0, lt=1.0)

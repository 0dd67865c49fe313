"""Settings of the step `lottery_ticket`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from toolchain.vocabulary.steps.layer_choice import LayerNames
from toolchain.vocabulary.steps.training import TrainingSettings


class LotteryTicketSettings(TrainingSettings):
    """Iterative magnitude pruning with rewinding (Frankle & Carbin 2019, arXiv:1803.03635).

    The network is drawn anew and trained for `epochs`; each round prunes it further, and what is left begins
    again from its weights of epoch `rewind_epochs` (Frankle et al. 2020, arXiv:1912.05671): 0 is the start.
    """

    step: Literal["lottery_ticket"] = "lottery_ticket"
    sparsity: float = Field(default=0.8, gt=0.0, lt=1.0, description="share of weights that end as zero")
    rounds: int = Field(default=3, ge=1, le=100)
    rewind_epochs: int = Field(default=1, ge=0, le=10_000)
    layers: LayerNames | None = Field(default=None, min_length=1, description="names or patterns (all)")
    skip: LayerNames = Field(default=(), description="names or patterns of layers to leave out")

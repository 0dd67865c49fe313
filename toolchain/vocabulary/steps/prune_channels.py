"""Settings of the step `prune_channels`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from toolchain.vocabulary.steps.training import TrainingSettings

Importance = Literal["magnitude", "batch_norm", "taylor", "reconstruction"]


class PruneChannelsSettings(TrainingSettings):
    """Structured pruning: whole channels are removed, and every layer that had them becomes smaller.

    Channels go in `rounds`; after each, what is left is trained for `epochs`.
    """

    step: Literal["prune_channels"] = "prune_channels"
    macs: float = Field(default=0.5, gt=0.0, lt=1.0, description="share of multiply-accumulates to remove")
    importance: Importance = Field(
        default="taylor",
        description="by the weights, by BatchNormalization's scale, by the loss's first derivative, or by "
        "what the output loses once the layers behind have made up for it",
    )
    rounds: int = Field(default=2, ge=1, le=100)
    at_least: int = Field(default=4, ge=1, le=65_536, description="channels that every layer keeps")
    multiple_of: int = Field(
        default=4, ge=1, le=65_536, description="a pruned layer keeps a multiple of so many channels"
    )
    layers: tuple[str, ...] = Field(
        default=("*",),
        strict=False,
        min_length=1,
        description="whose channels may go; * and ? stand for others",
    )

"""All optimisation steps as one type; `step` says which one it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import Field

from toolchain.vocabulary.steps.cluster import ClusterSettings
from toolchain.vocabulary.steps.factorise import FactoriseSettings
from toolchain.vocabulary.steps.fine_tune import FineTuneSettings
from toolchain.vocabulary.steps.front_end import FrontEndSettings
from toolchain.vocabulary.steps.lottery_ticket import LotteryTicketSettings
from toolchain.vocabulary.steps.prune import PruneSettings
from toolchain.vocabulary.steps.prune_channels import PruneChannelsSettings
from toolchain.vocabulary.steps.qat import QatSettings
from toolchain.vocabulary.steps.separate_convolutions import SeparateConvolutionsSettings
from toolchain.vocabulary.steps.student import StudentSettings
from toolchain.vocabulary.steps.training import DistilSettings

# One more step is one more class here.
OptimiseStep = Annotated[
    ClusterSettings
    | FactoriseSettings
    | FineTuneSettings
    | LotteryTicketSettings
    | FrontEndSettings
    | PruneChannelsSettings
    | PruneSettings
    | QatSettings
    | SeparateConvolutionsSettings
    | StudentSettings,
    Field(discriminator="step"),
]


def teachers_of(steps: Sequence[OptimiseStep]) -> tuple[Path, ...]:
    """The files of the teachers that the steps name."""
    distils = [getattr(step, "distil", None) for step in steps]
    return tuple(d.teacher for d in distils if isinstance(d, DistilSettings) and d.teacher is not None)

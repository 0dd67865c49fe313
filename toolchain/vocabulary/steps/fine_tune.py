"""Settings of the step `fine_tune`."""

from __future__ import annotations

from typing import Literal

from toolchain.vocabulary.steps.training import TrainingSettings


class FineTuneSettings(TrainingSettings):
    """More training of the network as it stands; with `distil`, by a teacher."""

    step: Literal["fine_tune"] = "fine_tune"

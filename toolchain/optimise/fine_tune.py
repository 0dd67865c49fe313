"""More training of a network as it stands: to win back what a step before it cost."""

from __future__ import annotations

from typing import Any

from toolchain.optimise.copy_network import copy_network
from toolchain.optimise.step_context import StepContext
from toolchain.vocabulary.steps.fine_tune import FineTuneSettings


def fine_tune(network: Any, settings: FineTuneSettings, context: StepContext) -> Any:
    """A copy of `network`, a `tf_keras` model, trained for `settings.epochs`; by a teacher with `distil`.

    Raises:
        DataError, ModelError: it cannot be trained on this data, see `StepContext.fit`.
    """
    tuned = copy_network(network)
    context.fit(tuned, settings)
    return tuned

"""A student: a network of the same make, narrower or shallower, taught by the one it comes from."""

from __future__ import annotations

from typing import Any

import numpy as np

from toolchain.errors import ModelError
from toolchain.optimise.channel_groups import STAYS, ChannelGroups, Ids, find_channel_groups
from toolchain.optimise.channel_importance import magnitude_scores
from toolchain.optimise.graph_edit import refuse_nested
from toolchain.optimise.refuse_optimised import refuse_optimised
from toolchain.optimise.remove_channels import remove_channels
from toolchain.optimise.repeated_blocks import without_blocks
from toolchain.optimise.step_context import StepContext
from toolchain.tensorflow_import import import_stack
from toolchain.vocabulary.steps.student import StudentSettings


def student(network: Any, settings: StudentSettings, context: StepContext) -> Any:
    """A new, smaller `tf_keras` model, trained on the data and by a teacher (`settings.distil`).

    Of blocks that repeat each other the last ones go, of each layer's channels those with the smallest
    weights; channels that are tied together are narrowed together.  `network` is left as it is.

    Raises:
        DataError, ModelError: it cannot be trained on this data, see `StepContext.fit`.
        ModelError: nothing of the network can be left out, or it was pruned or quantised already.
    """
    context.task(network, settings.step)
    refuse_nested(network, settings.step)
    refuse_optimised(network, settings.step)
    small = network
    if settings.depth < 1.0:
        small = without_blocks(small, settings.depth)
        if small is None:
            raise ModelError(
                "The network has no blocks that repeat the one before them, of which some could go.",
                "Set width instead of depth.",
            )
    if settings.width < 1.0:
        groups = find_channel_groups(small)
        small = remove_channels(small, groups, _surplus(small, groups, settings))
    if settings.initialise == "random":
        small = _fresh(small, context.seed)
    context.fit(small, settings)
    return small


def _surplus(network: Any, groups: ChannelGroups, settings: StudentSettings) -> Ids:
    """The channels that a student of this width does without."""
    scores = magnitude_scores(network, groups)
    gone: list[Ids] = []
    for ids in groups.sets():
        wanted = settings.multiple_of * max(1, round(settings.width * len(ids) / settings.multiple_of))
        weakest = ids[np.argsort(scores[ids], kind="stable")]
        gone.append(weakest[: max(0, len(ids) - wanted)])
    surplus = np.concatenate(gone) if gone else np.full(0, STAYS, np.int64)
    if not surplus.size:
        raise ModelError(
            f"No layer of the network becomes narrower with a width of {settings.width:g}.",
            "Set a smaller width, or a smaller multiple_of.",
        )
    return surplus


def _fresh(network: Any, seed: int) -> Any:
    """The network with the weights of its layers' initialisers; what was fitted to data stays."""
    tf_keras = import_stack("tf_keras")
    tf_keras.utils.set_random_seed(seed)
    fresh = tf_keras.models.clone_model(network)
    for old, new in zip(network.layers, fresh.layers, strict=True):
        if type(old).__name__ == "Normalization":
            new.set_weights(old.get_weights())
    return fresh

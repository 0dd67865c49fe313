"""Structured channel pruning: channels that matter little are removed for good, with fine-tuning between."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from toolchain.errors import ModelError
from toolchain.optimise.channel_costs import LayerCost, layer_costs
from toolchain.optimise.channel_groups import ChannelGroups, Ids, find_channel_groups
from toolchain.optimise.channel_importance import (
    Scores,
    batch_norm_scores,
    magnitude_scores,
    taylor_scores,
)
from toolchain.optimise.channel_losses import channel_losses
from toolchain.optimise.choose_channels import choose_channels
from toolchain.optimise.count_network import count_network
from toolchain.optimise.loss import loss_for
from toolchain.optimise.parts_of_progress import part_of
from toolchain.optimise.refit_readers import refit_readers
from toolchain.optimise.refuse_optimised import refuse_optimised
from toolchain.optimise.remove_channels import remove_channels
from toolchain.optimise.step_context import StepContext
from toolchain.vocabulary.data import Samples
from toolchain.vocabulary.steps.prune_channels import PruneChannelsSettings

# Importance and refitting look at so many samples at most; batches as small as Taylor's sums want them.
_SAMPLES = 1024
_BATCH = 16


def prune_channels(network: Any, settings: PruneChannelsSettings, context: StepContext) -> Any:
    """A new, smaller `tf_keras` model without `settings.macs` of the multiply-accumulates, at least.

    Each round ranks the channels, removes the least important ones, fits the layers that read them anew
    (`refit_readers`) and trains.  `network` is left as it is.

    Raises:
        DataError, ModelError: it cannot be trained on this data, see `StepContext.fit`.
        ModelError: no channel can go, or not as many as would be needed.
    """
    samples = context.training(settings.step)
    context.task(network, settings.step)
    refuse_optimised(network, settings.step)
    whole, fixed = _macs(network)
    random = np.random.default_rng(context.seed)
    chosen = samples.take(random.permutation(len(samples))[:_SAMPLES])
    # Whether it can be done at all is known before anything is trained.
    enough = round((1.0 - settings.macs) * whole) - fixed
    _choose(network, settings, enough, lambda network, groups, _: magnitude_scores(network, groups))
    for number in range(settings.rounds):
        share = settings.macs * (number + 1) / settings.rounds
        groups, gone = _choose(
            network,
            settings,
            round((1.0 - share) * whole) - fixed,
            lambda network, groups, sets: _scores(network, groups, sets, settings, context, chosen),
        )
        smaller = remove_channels(network, groups, gone)
        refit_readers(network, smaller, groups, gone, chosen, context.seed)
        network = smaller
        with part_of(context, number, settings.rounds):
            words = f"prune channels, round {number + 1} of {settings.rounds}"
            context.fit(network, settings, words=words)
    return network


def _macs(network: Any) -> tuple[int, int]:
    """All multiply-accumulates, and those of layers that cannot get smaller (recurrent ones) alone.

    A layer that is not known counts none.
    """
    counted, costs = count_network(network).layers, layer_costs(network)
    able = {name for name, cost in costs.items() if cost != LayerCost()}
    fixed = sum(layer.macs or 0 for layer in counted if layer.name not in able)
    return sum(layer.macs or 0 for layer in counted), fixed


def _choose(
    network: Any,
    settings: PruneChannelsSettings,
    macs: int,
    score: Callable[[Any, ChannelGroups, Sequence[Ids]], Scores],
) -> tuple[ChannelGroups, Ids]:
    """What is to go so that `macs` multiply-accumulates are left, of those that can be saved at all."""
    groups = find_channel_groups(network)
    sets = _removable(groups, settings.layers)
    gone = choose_channels(
        groups,
        sets,
        score(network, groups, sets),
        layer_costs(network),
        macs=macs,
        at_least=settings.at_least,
        multiple_of=settings.multiple_of,
        are_losses=settings.importance == "reconstruction",
    )
    return groups, gone


def _removable(groups: ChannelGroups, patterns: Sequence[str]) -> list[Ids]:
    """The sets whose channels may go: all their layers are among those that the user names.

    Raises:
        ModelError: a pattern fits no layer, or there is no such set.
    """
    for pattern in patterns:
        if pattern != "*" and not any(fnmatchcase(name, pattern) for name in groups.producers):
            raise ModelError(
                f"No layer with channels of its own is called {pattern!r}.",
                f"The network's are {', '.join(groups.producers) or 'none at all'}.",
            )
    barred = [
        groups.gives[name]
        for name in groups.producers
        if not any(fnmatchcase(name, pattern) for pattern in patterns)
    ]
    kept = np.unique(np.concatenate(barred)) if barred else np.zeros(0, np.int64)
    sets = [ids for ids in groups.sets() if not np.isin(ids, kept).any()]
    if not sets:
        raise ModelError(
            "The network has no channels that could be removed: all of them are inputs, outputs, or tied to "
            "a layer that needs them whole.",
            "Leave the step 'prune_channels' out, or name other layers.",
        )
    return sets


def _scores(
    network: Any,
    groups: ChannelGroups,
    sets: Sequence[Ids],
    settings: PruneChannelsSettings,
    context: StepContext,
    samples: Samples,
) -> Scores:
    if settings.importance == "magnitude":
        return magnitude_scores(network, groups)
    if settings.importance == "batch_norm":
        return batch_norm_scores(network, groups)
    task = context.task(network, settings.step)
    if settings.importance == "reconstruction":
        return channel_losses(network, groups, sets, samples, task, context.seed)
    targets = task.targets(samples)

    def batches() -> Iterator[tuple[Any, Any]]:
        for start in range(0, len(samples), _BATCH):
            rows = slice(start, start + _BATCH)
            yield samples.take(rows).all_inputs, targets[rows]

    return taylor_scores(network, groups, batches(), loss_for(task))

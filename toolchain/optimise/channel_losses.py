"""What the network's output loses with each channel, after the layers that read it have made up for it.

The order in which the channels of a set go is that of the optimal brain surgeon, with all that reads a
channel in the place of a weight (as Luo et al. 2017 choose channels, arXiv:1707.06342, by the layer behind).
How much goes with them is then seen on the network itself, at a few widths.  No labels are needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from toolchain.optimise.brain_surgeon import group_costs
from toolchain.optimise.channel_groups import ChannelGroups, Ids, nodes_in_order
from toolchain.optimise.channel_importance import Scores
from toolchain.optimise.layer_statistics import layer_statistics
from toolchain.optimise.loss import difference
from toolchain.optimise.predict import predict
from toolchain.optimise.refit_readers import READERS, refit_readers
from toolchain.optimise.remove_channels import remove_channels
from toolchain.optimise.task import Task
from toolchain.vocabulary.data import Samples

# Shares of a set that are taken away to see what it costs.
_SHARES = (0.125, 0.25, 0.375, 0.5, 0.625, 0.75)
_COMPARED = 256


def channel_losses(
    network: Any, groups: ChannelGroups, sets: Sequence[Ids], samples: Samples, task: Task, seed: int
) -> Scores:
    """How much more the output differs once a channel goes, those of its set that go before it gone already.

    The difference is that of `loss.difference`.  Groups that are in none of the `sets` have the score
    infinity.  Shape (highest id + 1,).
    """
    scores = np.full(1 + max(int(ids.max()) for ids in sets), np.inf)
    orders = _surgeon_costs(network, groups, sets, samples)
    compared = samples.take(slice(_COMPARED))
    given = predict(network, compared)
    for ids, costs in zip(sets, orders, strict=True):
        order = ids[np.argsort(costs, kind="stable")]
        counts, losses = [0], [0.0]
        for count in sorted({round(share * len(ids)) for share in _SHARES} - {0, len(ids)}):
            gone = np.sort(order[:count])
            smaller = remove_channels(network, groups, gone)
            refit_readers(network, smaller, groups, gone, compared, seed)
            counts.append(count)
            losses.append(difference(task, given, predict(smaller, compared)))
        scores[order] = _rising_steps(counts, losses, len(ids))
    return scores


def _surgeon_costs(
    network: Any, groups: ChannelGroups, sets: Sequence[Ids], samples: Samples
) -> list[npt.NDArray[np.float64]]:
    """For each set, what its channels cost in the layers that read them, each as a share of what it gives."""
    costs = [np.zeros(len(ids)) for ids in sets]
    for layer in {node.layer.name: node.layer for node in nodes_in_order(network)}.values():
        read = groups.reads.get(layer.name)
        if type(layer).__name__ not in READERS or read is None or len(layer.inbound_nodes) != 1:
            continue
        concerned = [number for number, ids in enumerate(sets) if np.isin(read, ids).any()]
        if not concerned:
            continue
        found = layer_statistics(layer, network, network, samples)
        energy = max(float(np.sum(found.best * (found.gram @ found.best))), 1e-30)
        rows = np.tile(read, len(found.gram) // len(read))
        for number in concerned:
            costs[number] += group_costs(found.best, found.gram, rows, sets[number]) / energy
    return costs


def _rising_steps(counts: Sequence[int], losses: Sequence[float], total: int) -> npt.NDArray[np.float64]:
    """The loss of each next channel, never less than that of the one before it; shape (total,).

    Between what was measured it is spread evenly, and behind the last it goes on as it did.
    """
    rising = np.maximum.accumulate(losses)
    steps = np.diff(rising) / np.diff(counts)
    spread = np.repeat(steps, np.diff(counts)) if len(steps) else np.zeros(0)
    last = spread[-1] if spread.size else 0.0
    each = np.concatenate([spread, np.full(total - spread.size, last)])
    # A tiny slope keeps the order where nothing is lost at all.
    return np.asarray(np.maximum.accumulate(each) + 1e-12 * np.arange(1, total + 1), np.float64)

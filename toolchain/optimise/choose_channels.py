"""Which channels to remove: the least important for the work they cost, until enough work is gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from toolchain.errors import ModelError
from toolchain.optimise.channel_costs import LayerCost
from toolchain.optimise.channel_groups import ChannelGroups, Ids
from toolchain.optimise.channel_importance import Scores


@dataclass(slots=True)
class _Width:
    """How many channels each layer with a cost still reads and gives."""

    costs: Mapping[str, LayerCost]
    groups: ChannelGroups
    read: dict[str, int] = field(default_factory=dict)
    given: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in self.costs:
            if name in self.groups.gives:
                self.read[name] = len(self.groups.reads.get(name, ()))
                self.given[name] = len(self.groups.gives[name])

    def macs(self) -> int:
        return sum(self.costs[name].macs(self.read[name], self.given[name]) for name in self.given)

    def without(self, gone: Ids) -> _Width:
        less = _Width(self.costs, self.groups)
        for name in self.given:
            less.read[name] = self.read[name] - _hits(self.groups.reads.get(name), gone)
            less.given[name] = self.given[name] - _hits(self.groups.gives[name], gone)
        return less


def _hits(row: Ids | None, gone: Ids) -> int:
    return 0 if row is None else int(np.count_nonzero(np.isin(row, gone)))


def choose_channels(
    groups: ChannelGroups,
    sets: Sequence[Ids],
    scores: Scores,
    costs: Mapping[str, LayerCost],
    *,
    macs: int,
    at_least: int,
    multiple_of: int,
    are_losses: bool = False,
) -> Ids:
    """The groups to remove so that at most `macs` multiply-accumulates are left.

    Channels go a portion at a time, from the set (the channels of one layer, or of layers that are tied
    together) that loses the smallest share of its importance for the square root of the multiply-accumulates
    saved.  (Without the root, the layers that cost most are cut to the bone.)  Scores that `are_losses`
    of one output can be added and compared as they are: then it is the least loss for what is saved.  What
    stays of a set is a multiple of `multiple_of` channels, and no fewer than `at_least`.

    Raises:
        ModelError: the sets do not hold that many.
    """
    width = _Width(costs, groups)
    left = [list(ids[np.argsort(scores[ids], kind="stable")]) for ids in sets]
    gone: list[int] = []
    while width.macs() > macs:
        best: tuple[float, int, list[int], _Width] | None = None
        for number, ids in enumerate(left):
            portion = _portion(ids, at_least, multiple_of)
            if not portion or not np.isfinite(scores[portion]).all():
                continue
            less = width.without(np.array(portion))
            saved = width.macs() - less.macs()
            if are_losses:
                price = float(scores[portion].sum()) / max(saved, 1)
            else:
                price = _share(scores, portion, ids) / max(saved, 1) ** 0.5
            if best is None or price < best[0]:
                best = (price, number, portion, less)
        if best is None:
            raise ModelError(
                f"Without all channels that may go, the network still has {width.macs():,} "
                f"multiply-accumulates; {macs:,} were asked for.",
                "Ask for a smaller share of macs, or set at_least and multiple_of lower.",
            )
        _, number, portion, width = best
        left[number] = left[number][len(portion) :]
        gone.extend(portion)
    return np.array(gone, np.int64)


def _share(scores: Scores, portion: list[int], ids: list[int]) -> float:
    """What goes, as a share of the importance that the set still has: the thinner it is, the dearer."""
    return float(scores[portion].sum()) / max(float(scores[ids].sum()), 1e-30)


def _portion(ids: list[int], at_least: int, multiple_of: int) -> list[int]:
    """The next of a sorted set to go: as many as bring it down to a multiple, none if too few stay."""
    count = len(ids) % multiple_of or multiple_of
    return ids[:count] if len(ids) - count >= max(at_least, 1) else []

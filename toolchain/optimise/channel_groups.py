"""Which channels of a network stand or fall together.

A channel that is removed is removed from the layer that makes it, from everything it flows through
(BatchNormalization, a depthwise kernel, a pool), and from every layer that reads it.  Where two tensors are
added, their channels are one; where they are concatenated, they lie side by side.  (The idea of coupled
groups is that of Fang et al. 2023, "DepGraph", arXiv:2301.12900.)

A tensor's channels are those of its last axis, told as a row of ids, one a channel; flattening repeats the
row.  Id 0 marks what must stay: inputs, outputs, and whatever flows into a layer this module does not know.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int64]

STAYS = 0

_SAME = (
    "InputLayer",
    "Activation",
    "ReLU",
    "LeakyReLU",
    "ELU",
    "ThresholdedReLU",
    "Dropout",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "GaussianNoise",
    "GaussianDropout",
    "Rescaling",
    "MaxPooling1D",
    "MaxPooling2D",
    "AveragePooling1D",
    "AveragePooling2D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "Cropping1D",
    "Cropping2D",
    "UpSampling1D",
    "UpSampling2D",
    "BatchNormalization",
)
_MERGES = ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")
_PRODUCERS = ("Conv1D", "Conv2D", "Conv2DTranspose", "SeparableConv1D", "SeparableConv2D", "Dense")


@dataclass(frozen=True, slots=True, eq=False)
class ChannelGroups:
    """A row of ids for each layer's input and output, by layer name; equal ids go together, `STAYS` stays.

    Layers that this module does not know have rows of `STAYS`.
    """

    reads: Mapping[str, Ids]
    gives: Mapping[str, Ids]
    producers: tuple[str, ...]

    def sets(self) -> list[Ids]:
        """The removable groups, those in one list that are made by the same layers, each sorted."""
        joined = _Unions()
        rows = [np.unique(self.gives[name]) for name in self.producers]
        rows = [row[row != STAYS] for row in rows]
        joined.reserve(max((int(row.max()) for row in rows if row.size), default=0))
        for row in rows:
            for other in row[1:]:
                joined.join(int(row[0]), int(other))
        all_ids = np.unique(np.concatenate(rows)) if rows else np.zeros(0, np.int64)
        roots = np.array([joined.root(int(item)) for item in all_ids], np.int64)
        return [all_ids[roots == root] for root in np.unique(roots)]


def find_channel_groups(network: Any) -> ChannelGroups:
    """Follow the channels through a functional or sequential `tf_keras` network, output by output."""
    tracer = _Tracer()
    for node in nodes_in_order(network):
        tracer.visit(node)
    for tensor in network.outputs:
        tracer.unions.keep(tracer.rows[id(tensor)])
    unions = tracer.unions
    return ChannelGroups(
        reads={name: unions.roots(row) for name, row in tracer.reads.items()},
        gives={name: unions.roots(row) for name, row in tracer.gives.items()},
        producers=tuple(tracer.producers),
    )


def nodes_in_order(network: Any) -> list[Any]:
    """A network's layer calls, each after those it reads from.

    The only way tf_keras tells them is this private table, which its own `clone_model` goes by.
    """
    table = network._nodes_by_depth
    return [node for depth in sorted(table, reverse=True) for node in table[depth]]


class _Unions:
    """Disjoint sets of ids; the smallest id of a set stands for it, so what is joined with 0 stays."""

    def __init__(self) -> None:
        self._parent = [STAYS]

    def reserve(self, highest: int) -> None:
        self._parent.extend(range(len(self._parent), highest + 1))

    def fresh(self, count: int) -> Ids:
        first = len(self._parent)
        self._parent.extend(range(first, first + count))
        return np.arange(first, first + count, dtype=np.int64)

    def root(self, item: int) -> int:
        while self._parent[item] != item:
            self._parent[item] = self._parent[self._parent[item]]
            item = self._parent[item]
        return item

    def join(self, one: int, other: int) -> None:
        low, high = sorted((self.root(one), self.root(other)))
        self._parent[high] = low

    def join_rows(self, one: Ids, other: Ids) -> None:
        for left, right in zip(one, other, strict=True):
            self.join(int(left), int(right))

    def keep(self, row: Ids) -> None:
        for item in row:
            self.join(STAYS, int(item))

    def roots(self, row: Ids) -> Ids:
        return np.array([self.root(int(item)) for item in row], np.int64)


class _Tracer:
    """Walks the layer calls and gives every tensor its row of ids."""

    def __init__(self) -> None:
        self.unions = _Unions()
        self.rows: dict[int, Ids] = {}
        self.reads: dict[str, Ids] = {}
        self.gives: dict[str, Ids] = {}
        self.producers: list[str] = []

    def visit(self, node: Any) -> None:
        layer, name = node.layer, str(node.layer.name)
        sources = _as_list(node.keras_inputs)
        targets = _as_list(node.outputs)
        rows = [self.rows[id(tensor)] for tensor in sources]
        if node.is_input:
            given = _staying(targets[0])
        elif (rule := _rule_of(layer)) is None or len(targets) != 1:
            self._keep_all(rows)
            given = None
        else:
            given = rule(self, layer, rows, sources, targets[0])
        for tensor in targets:
            self.rows[id(tensor)] = _staying(tensor) if given is None else given
        if layer.weights or type(layer).__name__ == "Reshape":
            # What has weights or a shape of its own; a ReLU may serve tensors that are not related.
            if len(rows) == 1:
                self._note(self.reads, name, rows[0])
            self._note(self.gives, name, self.rows[id(targets[0])])

    def _note(self, book: dict[str, Ids], name: str, row: Ids) -> None:
        """A layer that is called twice has one set of weights: what it reads and gives is one."""
        known = book.setdefault(name, row)
        if known is not row:
            if known.shape == row.shape:
                self.unions.join_rows(known, row)
            else:
                self._keep_all([known, row])

    def _keep_all(self, rows: Sequence[Ids]) -> None:
        for row in rows:
            self.unions.keep(row)

    # One rule a kind of layer: the output's row, or None where all it reads and gives must stay. ----------

    def same(self, layer: Any, rows: list[Ids], sources: list[Any], target: Any) -> Ids | None:
        """The channels go through, each by itself."""
        of_another_axis = getattr(layer, "axis", None) not in (None, [len(target.shape) - 1])
        if rows[0].shape[0] != target.shape[-1] or not _channels_last(layer) or of_another_axis:
            self._keep_all(rows)
            return None
        return rows[0]

    def produced(self, layer: Any, rows: list[Ids], sources: list[Any], target: Any) -> Ids | None:
        """New channels; those read are read by weights of their own."""
        if not _channels_last(layer) or getattr(layer, "groups", 1) != 1:
            self._keep_all(rows)
            return None
        name = str(layer.name)
        if _is_softmax(layer):
            return _staying(target)
        if name not in self.gives:
            self.producers.append(name)
            return self.unions.fresh(int(target.shape[-1]))
        return self.gives[name]

    def depthwise(self, layer: Any, rows: list[Ids], sources: list[Any], target: Any) -> Ids | None:
        """Each channel has a kernel of its own, and `depth_multiplier` outputs."""
        if not _channels_last(layer):
            self._keep_all(rows)
            return None
        return np.repeat(rows[0], int(layer.depth_multiplier))

    def merged(self, layer: Any, rows: list[Ids], sources: list[Any], target: Any) -> Ids | None:
        """Channel by channel; one that is spread over all stays."""
        wide = [row for row in rows if row.shape[0] == target.shape[-1]]
        self._keep_all([row for row in rows if row.shape[0] != target.shape[-1]])
        if any(len(source.shape) != len(target.shape) for source in sources):
            self._keep_all(wide)
            return None
        for row in wide[1:]:
            self.unions.join_rows(wide[0], row)
        return wide[0]

    def concatenated(self, layer: Any, rows: list[Ids], sources: list[Any], target: Any) -> Ids | None:
        """Side by side along the channels, or the same channels along another axis."""
        rank = len(target.shape)
        if layer.axis % rank == rank - 1:
            return np.concatenate(rows)
        for row in rows[1:]:
            self.unions.join_rows(rows[0], row)
        return rows[0]

    def reshaped(self, layer: Any, rows: list[Ids], sources: list[Any], target: Any) -> Ids | None:
        """The elements' ids in their new order; they must still lie in whole slices of the last axis."""
        elements = np.broadcast_to(rows[0], tuple(sources[0].shape[1:])).reshape(-1, int(target.shape[-1]))
        if layer.__class__.__name__ == "Flatten" and not _channels_last(layer):
            self._keep_all(rows)
            return None
        if np.any(elements != elements[0]):
            self._keep_all(rows)
            return None
        return np.array(elements[0])


_Rule = Callable[["_Tracer", Any, list[Ids], list[Any], Any], Ids | None]


def _rule_of(layer: Any) -> _Rule | None:
    kind = type(layer).__name__
    if kind in _SAME and not _is_softmax(layer):
        return _Tracer.same
    if kind in _PRODUCERS:
        return _Tracer.produced
    if kind in _MERGES:
        return _Tracer.merged
    return {
        "DepthwiseConv1D": _Tracer.depthwise,
        "DepthwiseConv2D": _Tracer.depthwise,
        "Concatenate": _Tracer.concatenated,
        "Flatten": _Tracer.reshaped,
        "Reshape": _Tracer.reshaped,
    }.get(kind)


def _is_softmax(layer: Any) -> bool:
    """Whether it weighs its channels against each other, so that none can go."""
    return getattr(getattr(layer, "activation", None), "__name__", "") == "softmax"


def _channels_last(layer: Any) -> bool:
    return getattr(layer, "data_format", None) in (None, "channels_last")


def _staying(tensor: Any) -> Ids:
    return np.full(int(tensor.shape[-1] or 1) if len(tensor.shape) > 1 else 1, STAYS, np.int64)


def _as_list(nest: Any) -> list[Any]:
    if isinstance(nest, dict):
        return [item for value in nest.values() for item in _as_list(value)]
    return [item for value in nest for item in _as_list(value)] if isinstance(nest, list | tuple) else [nest]

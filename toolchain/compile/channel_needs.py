"""Which channels of which tensor have to be computed: going backward, from the model's outputs.

A CONV_2D or FULLY_CONNECTED needs an input channel where a weight on it is not zero, unless the channel is
a constant that can be folded into the bias.  Other operators tie channels together (DEPTHWISE_CONV_2D,
pools, element by element, …): all that are tied stay, or none.  An operator that is not known here, and
whoever uses the model, needs all channels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import numpy.typing as npt

from toolchain.compile.channel_ranges import Ranges, reads_outside
from toolchain.compile.layer_view import LayerView, quantisation, values
from toolchain.compile.passes.questions import is_supported, lookup_table, lowered
from toolchain.vocabulary.graph import Graph, Operator, Tensor

Flags = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.int64]
Link = tuple[Tensor, Indices, Tensor, Indices]
"""Channel for channel, what belongs together in two tensors."""

# A layer whose weights have a scale a channel keeps two: with one, the file could not tell it from a layer
# with one scale for all, whose multiplier the reference may compute otherwise.
_FEWEST = 2
_SPATIAL_AXES = 4


def needed_channels(graph: Graph, ranges: Mapping[int, Ranges]) -> Mapping[int, Flags]:
    """Per int8 tensor that is computed, whether each channel has to be."""
    channels = _Channels(graph)
    weighted = []
    for operator in graph.operators:
        if is_weighted(graph, operator):
            weighted.append(LayerView(graph, operator))
        else:
            channels.follow(graph, operator)
    channels.keep_all((*graph.inputs, *graph.outputs))
    channels.settle(weighted, ranges)
    while channels.keep_fewest():
        channels.settle(weighted, ranges)
    return channels.kept()


def is_weighted(graph: Graph, operator: Operator) -> bool:
    """Whether every output channel is a sum over all input channels, each with weights of its own."""
    if operator.name not in ("CONV_2D", "FULLY_CONNECTED") or not is_supported(graph, operator):
        return False
    layer = LayerView(graph, operator)
    is_int8 = layer.input().dtype == layer.output().dtype == "INT8"
    return is_int8 and layer.input(1).shape[-1] == layer.input().shape[-1]


def foldable(layer: LayerView, given: Ranges) -> Flags:
    """Which input channels of a weighted layer add the same to its sums at every position.

    A constant does, if no window reaches over an edge, where it would read as zero; and zero does anyway.
    """
    constant = given.constant()
    if layer.operator.name == "CONV_2D" and reads_outside(layer):
        return constant & np.equal(given.low, quantisation(layer.input()).zero_point)
    return constant


class _Channels:
    """All channels of all tensors as one list of numbers, joined where they belong together."""

    def __init__(self, graph: Graph) -> None:
        self._start: dict[int, int] = {}
        self._count: dict[int, int] = {}
        total = 0
        made = {*graph.inputs, *(i for operator in graph.operators for i in operator.outputs)}
        for tensor in (graph.tensors[i] for i in sorted(made)):
            if tensor.dtype == "INT8" and tensor.shape and not tensor.is_constant and not tensor.is_variable:
                self._start[tensor.index], self._count[tensor.index] = total, tensor.shape[-1]
                total += tensor.shape[-1]
        self._parent = list(range(total))
        self._kept = np.zeros(total, np.bool_)

    def follow(self, graph: Graph, operator: Operator) -> None:
        """Tie what the operator ties, or keep all it touches."""
        links = list(_links(graph, operator))
        touched = {i for i in (*operator.inputs, *operator.outputs) if i in self._start}
        tied = {tensor.index for a, _, b, _ in links for tensor in (a, b)}
        if touched - tied or tied - touched:
            self.keep_all((*touched, *(i for i in tied if i in self._start)))
            return
        for a, of_a, b, of_b in links:
            for i, j in zip(of_a, of_b, strict=True):
                self._join(self._start[a.index] + int(i), self._start[b.index] + int(j))

    def keep_all(self, tensors: tuple[int, ...]) -> None:
        """Every channel of these stays."""
        for tensor in tensors:
            if tensor in self._start:
                self._kept[self._start[tensor] : self._start[tensor] + self._count[tensor]] = True

    def settle(self, weighted: list[LayerView], ranges: Mapping[int, Ranges]) -> None:
        """Keep what weights ask for, until nothing is added any more."""
        roots = np.array([self._root(i) for i in range(len(self._parent))], np.int64)
        np.logical_or.at(self._kept, roots, self._kept.copy())
        self._kept = self._kept[roots]
        asked = [(layer, ~foldable(layer, ranges[layer.input().index])) for layer in reversed(weighted)]
        changed = True
        while changed:
            changed = False
            for layer, not_folded in asked:
                rows = values(layer.input(1))[self._of(layer.output().index)]
                used = (rows != 0).reshape(-1, rows.shape[-1]).any(axis=0)
                wanted = used & not_folded & ~self._of(layer.input().index)
                if wanted.any():
                    start = self._start[layer.input().index]
                    chosen = np.zeros(len(roots), np.bool_)
                    chosen[roots[start + np.flatnonzero(wanted)]] = True
                    self._kept |= chosen[roots]
                    changed = True

    def keep_fewest(self) -> bool:
        """Leave no tensor with fewer channels than a layer may have; whether any had to be kept for that."""
        for tensor, count in self._count.items():
            of = self._of(tensor)
            missing = min(_FEWEST, count) - int(np.count_nonzero(of))
            if missing > 0:
                self._kept[self._start[tensor] + np.flatnonzero(~of)[:missing]] = True
                return True
        return False

    def kept(self) -> Mapping[int, Flags]:
        return {tensor: self._of(tensor).copy() for tensor in self._start}

    def _of(self, tensor: int) -> Flags:
        return self._kept[self._start[tensor] : self._start[tensor] + self._count[tensor]]

    def _root(self, i: int) -> int:
        while self._parent[i] != i:
            self._parent[i] = self._parent[self._parent[i]]
            i = self._parent[i]
        return i

    def _join(self, i: int, j: int) -> None:
        self._parent[self._root(i)] = self._root(j)


def _links(graph: Graph, operator: Operator) -> Iterator[Link]:
    """What the operator ties; nothing where it is not known or not supported."""
    if len(operator.outputs) != 1 or not is_supported(graph, operator):
        return
    layer = LayerView(graph, operator)
    rule = _RULES.get(operator.name)
    if rule is not None:
        yield from rule(layer)
        return
    lowering = lowered(graph, operator)
    if lowering is not None and lookup_table(*lowering) is not None:
        yield from _same_channels(layer)


def _same_channels(layer: LayerView, position: int = 0) -> Iterator[Link]:
    """Channel for channel, where input and output have as many."""
    source, output = layer.input(position), layer.output()
    if source.shape and output.shape and source.shape[-1] == output.shape[-1]:
        every = np.arange(output.shape[-1])
        yield source, every, output, every


def _of_depthwise(layer: LayerView) -> Iterator[Link]:
    outputs = np.arange(layer.output().shape[3])
    yield layer.input(), outputs // layer.integer("depth_multiplier"), layer.output(), outputs


def _of_renaming(layer: LayerView) -> Iterator[Link]:
    """The same bytes: the last axis of the one is a whole number of the other's."""
    source, output = layer.input(), layer.output()
    if not (source.shape and output.shape):
        return
    short, long = sorted((source.shape[-1], output.shape[-1]))
    if short and long % short == 0:
        every = np.arange(long)
        yield source, every % source.shape[-1], output, every % output.shape[-1]


def _of_addition(layer: LayerView) -> Iterator[Link]:
    if layer.input(0).shape == layer.input(1).shape == layer.output().shape:
        yield from _same_channels(layer, 0)
        yield from _same_channels(layer, 1)


def _of_concatenation(layer: LayerView) -> Iterator[Link]:
    output = layer.output()
    axis = layer.integer("axis") % len(output.shape)
    start = 0
    for position in range(layer.input_count):
        source = layer.input(position)
        every = np.arange(source.shape[-1])
        yield source, every, output, every + start
        start += source.shape[-1] if axis == len(output.shape) - 1 else 0


def _of_padding(layer: LayerView) -> Iterator[Link]:
    if layer.input_count == 2 and not values(layer.input(1)).reshape(-1, 2)[-1].any():
        yield from _same_channels(layer)


def _of_mean(layer: LayerView) -> Iterator[Link]:
    """Over rows and columns."""
    rank = len(layer.input().shape)
    axes = {int(axis) % rank for axis in values(layer.input(1)).reshape(-1)}
    if rank == _SPATIAL_AXES and rank - 1 not in axes:
        yield from _same_channels(layer)


_RULES: Mapping[str, Callable[[LayerView], Iterator[Link]]] = {
    "ADD": _of_addition,
    "AVERAGE_POOL_2D": _same_channels,
    "CONCATENATION": _of_concatenation,
    "DEPTHWISE_CONV_2D": _of_depthwise,
    "EXPAND_DIMS": _of_renaming,
    "MAX_POOL_2D": _same_channels,
    "MEAN": _of_mean,
    "MUL": _of_addition,
    "PAD": _of_padding,
    "RESHAPE": _of_renaming,
    "SQUEEZE": _of_renaming,
    "SUB": _of_addition,
}

"""Removes channels that are constant, or that no weight reads, from the tensors between layers.

Proof: a removed channel is read by CONV_2D and FULLY_CONNECTED layers alone (what is tied to it leaves with
it).  There its weights are zero in every row that stays, or the channel has one value at all positions that
are summed, and w * (value - zero point) is in the bias: the sums are the same integers.  All that remains is
computed as before, from the same values, with the same scales.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from toolchain.compile.accumulators import bias_of
from toolchain.compile.channel_needs import Flags, is_weighted, needed_channels
from toolchain.compile.channel_ranges import Ranges, channel_ranges
from toolchain.compile.layer_view import LayerView, quantisation, values
from toolchain.compile.passes.questions import is_supported
from toolchain.compile.requantise import INT32_MAX, INT32_MIN
from toolchain.vocabulary.graph import Graph, KeptChannels, Operator, Quantisation, Tensor


def remove_channels(graph: Graph) -> Graph:
    """The graph with smaller tensors, whose `kept` says which channels they still have."""
    if not any(operator.name in ("CONV_2D", "FULLY_CONNECTED") for operator in graph.operators):
        return graph
    ranges = channel_ranges(graph)
    needed = needed_channels(graph, ranges)
    if all(flags.all() for flags in needed.values()):
        return graph
    smaller = _Rewriting(graph, ranges, needed).graph()
    if smaller is None or not all(
        is_supported(smaller, operator)
        for operator, before in zip(smaller.operators, graph.operators, strict=True)
        if is_supported(graph, before)
    ):
        return graph
    return smaller


class _Rewriting:
    def __init__(self, graph: Graph, ranges: Mapping[int, Ranges], needed: Mapping[int, Flags]) -> None:
        self._graph = graph
        self._ranges = ranges
        self._needed = needed
        self._tensors = [self._shrunk(tensor) for tensor in graph.tensors]

    def graph(self) -> Graph | None:
        """The smaller graph; None where a bias would leave 32 bits."""
        operators = [self._rewritten(operator) for operator in self._graph.operators]
        if any(operator is None for operator in operators):
            return None
        kept = tuple(operator for operator in operators if operator is not None)
        return replace(self._graph, tensors=tuple(self._tensors), operators=kept)

    def _shrunk(self, tensor: Tensor) -> Tensor:
        flags = self._needed.get(tensor.index)
        if flags is None or flags.all():
            return tensor
        channels = tuple(int(i) for i in np.flatnonzero(flags))
        constant = np.flatnonzero(~flags & self._ranges[tensor.index].constant())
        kept = KeptChannels(tensor.index, len(flags), channels, tuple(int(i) for i in constant))
        return replace(tensor, shape=(*tensor.shape[:-1], len(channels)), kept=kept)

    def _rewritten(self, operator: Operator) -> Operator | None:
        layer = LayerView(self._graph, operator)
        if is_weighted(self._graph, operator):
            return self._with_weights(layer, self._flags(layer.input()), self._flags(layer.output()))
        if operator.name == "DEPTHWISE_CONV_2D" and layer.output().index in self._needed:
            flags = self._flags(layer.output())
            if flags.all():
                return operator
            return self._with(layer, values(layer.input(1))[..., flags], flags, bias_of(layer, len(flags)))
        return operator

    def _flags(self, tensor: Tensor) -> Flags:
        return self._needed[tensor.index]

    def _with_weights(self, layer: LayerView, inputs: Flags, outputs: Flags) -> Operator | None:
        """A CONV_2D or FULLY_CONNECTED with fewer inputs and outputs; constants move into its bias."""
        if inputs.all() and outputs.all():
            return layer.operator
        weights = values(layer.input(1))
        # Of what is gone, weights that are not zero stand on constants.
        offsets = self._ranges[layer.input().index].low[~inputs] - quantisation(layer.input()).zero_point
        gone = (weights[..., ~inputs] * offsets).sum(axis=tuple(range(1, weights.ndim)))
        bias = bias_of(layer, len(outputs)) + gone
        if bias[outputs].min() < INT32_MIN or bias[outputs].max() > INT32_MAX:
            return None
        return self._with(layer, weights[outputs][..., inputs], outputs, bias)

    def _with(
        self,
        layer: LayerView,
        weights: npt.NDArray[np.int64],
        outputs: Flags,
        bias: npt.NDArray[np.int64],
    ) -> Operator:
        """The operator on new constants: others may read the old ones."""
        old = layer.input(1)
        more = [self._constant(replace(old, shape=weights.shape), weights.astype(np.int8), outputs)]
        given = layer.optional_input(2)
        if given is not None or bias.any():
            like = given or Tensor(-1, f"{layer.name}/bias", (len(outputs),), "INT32", _bias_scale(layer))
            chosen = bias[outputs]
            more.append(self._constant(replace(like, shape=chosen.shape), chosen.astype(np.int32), outputs))
        return replace(layer.operator, inputs=(layer.operator.inputs[0], *more))

    def _constant(self, like: Tensor, data: npt.NDArray[np.generic], outputs: Flags) -> int:
        index = len(self._tensors)
        scales = _of_channels(like.quantisation, outputs)
        self._tensors.append(replace(like, index=index, data=data, quantisation=scales))
        return index


def _of_channels(found: Quantisation | None, outputs: Flags) -> Quantisation | None:
    if found is None or not found.per_channel:
        return found
    chosen = np.flatnonzero(outputs)
    zero_points = found.zero_points
    if len(zero_points) > 1:
        zero_points = tuple(zero_points[i] for i in chosen)
    return replace(found, scales=tuple(found.scales[i] for i in chosen), zero_points=zero_points)


def _bias_scale(layer: LayerView) -> Quantisation:
    """What a bias that the file leaves out would have: input times weights."""
    weights = quantisation(layer.input(1))
    scale = quantisation(layer.input()).scale
    return Quantisation(tuple(scale * s for s in weights.scales), (0,) * len(weights.scales))

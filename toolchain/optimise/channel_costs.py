"""What a network's layers would cost with fewer channels: `count_network` has what they cost as they are."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from toolchain.optimise.channel_groups import nodes_in_order

# Layers whose kernel has one weight for each pair of a channel read and a channel given.
_FULL = ("Conv1D", "Conv2D", "Dense")
_DEPTHWISE = ("DepthwiseConv1D", "DepthwiseConv2D")
_SEPARABLE = ("SeparableConv1D", "SeparableConv2D")


@dataclass(frozen=True, slots=True)
class LayerCost:
    """Multiply-accumulates of one inference, by how many channels a layer reads and gives.

    `pairs` for each pair of a channel read and one given, `each` for each given, `each_read` for each read.
    """

    pairs: int = 0
    each: int = 0
    each_read: int = 0

    def macs(self, read: int, given: int) -> int:
        """Those of a layer that reads and gives so many channels."""
        return self.pairs * read * given + self.each * given + self.each_read * read


def layer_costs(network: Any) -> Mapping[str, LayerCost]:
    """The cost of every layer with a kernel that is known here, by name; shared layers count each call."""
    costs: dict[str, LayerCost] = {}
    for node in nodes_in_order(network):
        if node.is_input:
            continue
        cost = _cost(node)
        known = costs.get(node.layer.name, LayerCost())
        costs[node.layer.name] = LayerCost(
            known.pairs + cost.pairs, known.each + cost.each, known.each_read + cost.each_read
        )
    return costs


def _cost(node: Any) -> LayerCost:
    layer, kind = node.layer, type(node.layer).__name__
    if kind not in (*_FULL, *_DEPTHWISE, *_SEPARABLE, "Conv2DTranspose"):
        return LayerCost()
    positions = _positions(node.outputs)
    taps = math.prod(getattr(layer, "kernel_size", ()))
    if kind == "Dense":
        return LayerCost(pairs=positions)
    if kind in _DEPTHWISE:
        return LayerCost(each=positions * taps)
    if kind == "Conv2DTranspose":
        return LayerCost(pairs=_positions(node.keras_inputs[0]) * taps)
    if kind in _SEPARABLE:
        multiplier = layer.depth_multiplier
        return LayerCost(pairs=positions * multiplier, each_read=positions * taps * multiplier)
    return _convolution(node, positions * taps)


def _convolution(node: Any, taps: int) -> LayerCost:
    if node.layer.groups == 1:
        return LayerCost(pairs=taps)
    # Which channels meet is settled by the groups, so none of them can go.
    return LayerCost(each=taps * (int(node.keras_inputs[0].shape[-1]) // node.layer.groups))


def _positions(tensor: Any) -> int:
    """Elements of a channel."""
    return math.prod(int(axis or 1) for axis in tensor.shape[1:-1])

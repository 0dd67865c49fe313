"""Blocks of layers that repeat the one before them: what a shallower network does without."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from toolchain.optimise.channel_groups import nodes_in_order
from toolchain.optimise.graph_edit import GraphEdit


@dataclass(frozen=True, slots=True)
class Segment:
    """Layers between two places that everything passes through; the last one gives all that goes on.

    `signature` is what kinds of layers they are, how they are set and wired, and the shape they give.
    """

    layers: tuple[str, ...]
    signature: str
    shape: tuple[int | None, ...]


def segments_of(network: Any) -> list[Segment]:
    """The network as a chain of segments, as short as they can be; the inputs come first."""
    nodes = nodes_in_order(network)
    last_read = {
        id(tensor): number for number, node in enumerate(nodes) for tensor in _listed(node.keras_inputs)
    }
    for tensor in network.outputs:
        last_read[id(tensor)] = len(nodes)
    found: list[Segment] = []
    begun, open_until = 0, 0
    for number, node in enumerate(nodes):
        # What earlier layers gave, the one before the segment too, and later ones still read.
        given = [
            tensor for earlier in nodes[max(begun - 1, 0) : number] for tensor in _listed(earlier.outputs)
        ]
        open_until = max([open_until, *(last_read.get(id(tensor), 0) for tensor in given)])
        if open_until <= number and not isinstance(node.outputs, list | tuple | dict):
            found.append(_segment(nodes[begun : number + 1]))
            begun, open_until = number + 1, 0
    return found if begun == len(nodes) else []


def _segment(nodes: list[Any]) -> Segment:
    places = {id(tensor): number for number, node in enumerate(nodes) for tensor in _listed(node.outputs)}
    told = []
    for node in nodes:
        config = {
            key: value
            for key, value in node.layer.get_config().items()
            if key not in ("name", "batch_input_shape")
        }
        wiring = [places.get(id(tensor), -1) for tensor in _listed(node.keras_inputs)]
        told.append([type(node.layer).__name__, config, wiring, [str(node.outputs.shape)]])
    return Segment(
        tuple(str(node.layer.name) for node in nodes),
        json.dumps(told, sort_keys=True, default=str),
        tuple(nodes[-1].outputs.shape[1:]),
    )


def _listed(nest: Any) -> list[Any]:
    if isinstance(nest, dict):
        return list(nest.values())
    return list(nest) if isinstance(nest, list | tuple) else [nest]


@dataclass(frozen=True, slots=True)
class Repeats:
    """From segment `start` on, `count` equal blocks of `period` segments, each giving the shape it reads."""

    start: int
    period: int
    count: int


def find_repeats(segments: list[Segment]) -> list[Repeats]:
    """The runs of repeated blocks, the longest ones first found, none overlapping; in order."""
    found: list[Repeats] = []
    free = [True] * len(segments)
    while (best := _longest(segments, free)) is not None:
        found.append(best)
        for number in range(best.start, best.start + best.period * best.count):
            free[number] = False
    return sorted(found, key=lambda repeats: repeats.start)


def _longest(segments: list[Segment], free: list[bool]) -> Repeats | None:
    """The run that covers most segments, made of the shortest blocks, earliest."""
    best: Repeats | None = None
    signatures = [segment.signature for segment in segments]
    for period in range(1, len(segments) // 2 + 1):
        for start in range(1, len(segments) - 2 * period + 1):
            count = 1
            while (
                start + (count + 1) * period <= len(segments)
                and all(free[start : start + (count + 1) * period])
                and signatures[start : start + period]
                == signatures[start + count * period : start + (count + 1) * period]
            ):
                count += 1
            keeps_shape = segments[start - 1].shape == segments[start + period - 1].shape
            if count > 1 and keeps_shape and (best is None or count * period > best.count * best.period):
                best = Repeats(start, period, count)
    return best


def without_blocks(network: Any, depth: float) -> Any | None:
    """A copy of the network with `depth` of each run's blocks, rounded up; None where it has none to lose."""
    segments = segments_of(network)
    edit, removed = GraphEdit(network), False
    for repeats in find_repeats(segments):
        kept = max(1, math.ceil(depth * repeats.count - 1e-9))
        first = repeats.start + kept * repeats.period
        last = repeats.start + repeats.count * repeats.period
        if first < last:
            names = [name for segment in segments[first:last] for name in segment.layers]
            if not any(_is_shared(network, name) for name in names):
                edit.remove_block(names, segments[first - 1].layers[-1])
                removed = True
    return edit.built() if removed else None


def _is_shared(network: Any, name: str) -> bool:
    return len([node for node in nodes_in_order(network) if node.layer.name == name]) > 1

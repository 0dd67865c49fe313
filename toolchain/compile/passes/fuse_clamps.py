"""Fuses RELU and RELU6 into the operator that makes their input, as its fused activation.

Proof: the layer is a table of 256 results; it is fused only if each of them equals its input clamped to the
range that the fused activation has, under one quantisation before and after. The producer then clamps to
that range instead of to all of int8, which is the last thing it does.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from toolchain.compile.passes.questions import (
    IDENTITY,
    alike,
    is_plain,
    is_supported,
    lookup_table,
    lowered,
    readers,
)
from toolchain.compile.requantise import activation_range
from toolchain.vocabulary.graph import Graph, Operator

_CLAMPS = ("RELU", "RELU6")
# Whose last step is the clamp; others have the option too, and ignore it or do more.
_PRODUCERS = (
    "ADD",
    "AVERAGE_POOL_2D",
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
    "FULLY_CONNECTED",
    "MAX_POOL_2D",
    "MUL",
    "SUB",
)
_FUSED = "fused_activation_function"


def fuse_clamps(graph: Graph) -> Graph:
    """The graph with clamps in their producers."""
    count = readers(graph)
    made_by: dict[int, int] = {}
    operators: list[Operator | None] = []
    for operator in graph.operators:
        source = made_by.get(operator.inputs[0]) if operator.name in _CLAMPS and operator.inputs else None
        producer = None if source is None else operators[source]
        joined = None
        if producer is not None and count[producer.outputs[0]] == 1:
            joined = _joined(graph, producer, operator)
        if joined is not None and source is not None:
            operators[source] = joined
            made_by[joined.outputs[0]] = source
        else:
            made_by |= dict.fromkeys(operator.outputs, len(operators))
            operators.append(operator)
    return replace(graph, operators=tuple(o for o in operators if o is not None))


def _joined(graph: Graph, producer: Operator, clamp: Operator) -> Operator | None:
    """The producer with the clamp's output and range, or None where that is not the same."""
    if producer.name not in _PRODUCERS or producer.options.get(_FUSED) != "NONE":
        return None
    if len(producer.outputs) != 1:
        return None
    before, after = graph.tensors[producer.outputs[0]], graph.tensors[clamp.outputs[0]]
    if not alike(before, after) or not is_plain((before, after)) or after.dtype != "INT8":
        return None
    found = lowered(graph, clamp)
    table = None if found is None else lookup_table(*found)
    if table is None or after.quantisation is None:
        return None
    if not np.array_equal(table, np.clip(IDENTITY, *activation_range(clamp.name, after.quantisation))):
        return None
    joined = replace(producer, outputs=clamp.outputs, options={**producer.options, _FUSED: clamp.name})
    return joined if is_supported(graph, producer) and is_supported(graph, joined) else None

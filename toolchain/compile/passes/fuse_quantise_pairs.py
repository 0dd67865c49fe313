"""Makes QUANTIZE(DEQUANTIZE(x)) one QUANTIZE from int8 to int8.

Proof: both ways are a function of one int8 value, and are compared on all 256; a pair whose float
arithmetic rounds any of them otherwise stays as it is.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from toolchain.compile.passes.questions import IDENTITY, lookup_table, lowered
from toolchain.compile.real_numbers import dequantised, quantised
from toolchain.vocabulary.graph import Graph, Operator


def fuse_quantise_pairs(graph: Graph) -> Graph:
    """The graph with such pairs joined; a DEQUANTIZE that nobody reads any more is left for another pass."""
    sources: dict[int, int] = {}
    operators: list[Operator] = []
    for operator in graph.operators:
        if operator.name == "DEQUANTIZE" and len(operator.inputs) == len(operator.outputs) == 1:
            sources[operator.outputs[0]] = operator.inputs[0]
        operators.append(_joined(graph, operator, sources))
    return replace(graph, operators=tuple(operators))


def _joined(graph: Graph, operator: Operator, sources: dict[int, int]) -> Operator:
    if operator.name != "QUANTIZE" or len(operator.inputs) != 1 or operator.inputs[0] not in sources:
        return operator
    direct = replace(operator, inputs=(sources[operator.inputs[0]],))
    found = lowered(graph, direct)
    table = None if found is None else lookup_table(*found)
    source, target = graph.tensors[direct.inputs[0]], graph.tensors[direct.outputs[0]]
    if table is None or source.quantisation is None or target.quantisation is None:
        return operator
    between = dequantised(IDENTITY, source.quantisation)
    expected = quantised(between, target.quantisation)
    return direct if expected is not None and np.array_equal(table, expected) else operator

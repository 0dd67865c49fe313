"""Removes operators that leave every byte as it is.

Proof: the output is the input's memory (RESHAPE, SQUEEZE and EXPAND_DIMS to the same shape), or the operator
is a table of 256 results which all equal their inputs (QUANTIZE, RELU, … to the same quantisation). In
both, input and output agree in shape, type and quantisation, so readers cannot tell them apart.
What merely copies (a PAD of nothing, a CONCATENATION of one) costs nothing as it is: see sharing.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from toolchain.compile.passes.questions import IDENTITY, alike, is_plain, is_renaming, lookup_table, lowered
from toolchain.vocabulary.graph import Graph, Operator


def remove_no_ops(graph: Graph) -> Graph:
    """The graph without them; one that makes an output of the model stays, since that keeps its name."""
    renamed: dict[int, int] = {}
    kept: list[Operator] = []
    for given in graph.operators:
        operator = replace(given, inputs=tuple(renamed.get(i, i) for i in given.inputs))
        if _does_nothing(graph, operator):
            renamed[operator.outputs[0]] = operator.inputs[0]
        else:
            kept.append(operator)
    return replace(graph, operators=tuple(kept))


def _does_nothing(graph: Graph, operator: Operator) -> bool:
    if len(operator.outputs) != 1 or not operator.inputs or -1 in operator.inputs[:1]:
        return False
    source, output = graph.tensors[operator.inputs[0]], graph.tensors[operator.outputs[0]]
    if output.index in graph.outputs or not alike(source, output) or not is_plain((source, output)):
        return False
    found = lowered(graph, operator)
    if found is None:
        return False
    table = lookup_table(*found)
    return is_renaming(found[0]) or (table is not None and np.array_equal(table, IDENTITY))

"""Moves READ_VARIABLE to just before what needs it, so that the copy takes memory only from then on.

Converters write all reads first. Proof: a read stays before its first reader, and before the next
ASSIGN_VARIABLE to the same variable, so it finds the same bytes.
"""

from __future__ import annotations

from dataclasses import replace

from toolchain.compile.variables import find_variables
from toolchain.vocabulary.graph import Graph, Operator


def read_variables_late(graph: Graph) -> Graph:
    """The graph with every READ_VARIABLE as late as it can be."""
    names = find_variables(graph).name_of
    order: list[Operator] = []
    waiting: dict[int, Operator] = {}
    by_name: dict[str, list[int]] = {}
    for operator in graph.operators:
        variable = names.get(operator.inputs[0]) if operator.inputs else None
        if operator.name == "READ_VARIABLE" and len(operator.outputs) == 1 and variable is not None:
            waiting[operator.outputs[0]] = operator
            by_name.setdefault(variable, []).append(operator.outputs[0])
            continue
        overwritten: list[int] = []
        if operator.name == "ASSIGN_VARIABLE" and variable is not None:
            overwritten = by_name.pop(variable, [])
        for tensor in (*operator.inputs, *overwritten):
            read = waiting.pop(tensor, None)
            if read is not None:
                order.append(read)
        order.append(operator)
    return replace(graph, operators=(*order, *waiting.values()))

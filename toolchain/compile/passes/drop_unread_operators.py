"""Removes operators whose results nobody reads.

Outputs do not change: what is removed reaches none of them.  An operator without outputs, or on a
variable tensor, has its effect elsewhere and stays.
"""

from __future__ import annotations

from dataclasses import replace

from toolchain.vocabulary.graph import Graph, Operator

_WITH_EFFECT = ("ASSIGN_VARIABLE", "CALL_ONCE")


def drop_unread_operators(graph: Graph) -> Graph:
    """The graph without operators from which no output of the model can be reached."""
    read = set(graph.outputs)
    kept: list[Operator] = []
    for operator in reversed(graph.operators):
        if _has_effect(graph, operator) or read.intersection(operator.outputs):
            kept.append(operator)
            read.update(operator.inputs)
    return replace(graph, operators=tuple(reversed(kept)))


def _has_effect(graph: Graph, operator: Operator) -> bool:
    """Whether the operator does more than make its outputs; what a damaged file adds to it is no matter."""
    on_variable = any(graph.tensors[i].is_variable for i in operator.inputs if i != -1)
    return not operator.outputs or on_variable or operator.name in _WITH_EFFECT

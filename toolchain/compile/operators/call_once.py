"""CALL_ONCE: the initialiser of resource variables, evaluated at compile time."""

from __future__ import annotations

from toolchain.compile.layer_view import LayerView
from toolchain.compile.lowering import ConstantPool, Lowering, OperatorSupport

_USES = ("READ_VARIABLE", "ASSIGN_VARIABLE")
_ALLOWED = ("VAR_HANDLE", "ASSIGN_VARIABLE")


def nothing_in_or_out(layer: LayerView) -> str | None:
    """The layer has no inputs and no outputs."""
    count = len(layer.operator.inputs) + len(layer.operator.outputs)
    return f"it has {count} inputs and outputs" if count else None


def before_every_use(layer: LayerView) -> str | None:
    """It comes before everything that reads or assigns a variable."""
    for operator in layer.graph.operators:
        if operator is layer.operator:
            return None
        if operator.name in _USES:
            return f"{operator.name} comes before it"
    return None


def assigns_constants(layer: LayerView) -> str | None:
    """The subgraph it calls only assigns int8 constants to variables."""
    index = layer.integer("init_subgraph_index")
    graph = layer.graph.subgraphs.get(index)
    if graph is None:
        return f"it calls subgraph {index}, which is not there"
    if graph.inputs or graph.outputs:
        return f"subgraph {index} has inputs or outputs"
    for operator in graph.operators:
        if operator.name not in _ALLOWED:
            return f"subgraph {index} contains {operator.name}"
        if operator.name == "ASSIGN_VARIABLE":
            value = LayerView(graph, operator).input(1)
            if value.data is None or value.dtype != "INT8" or value.elements == 0:
                return f"subgraph {index} assigns {value.name!r}, no int8 constant"
    return None


def lower(_: LayerView, __: ConstantPool) -> Lowering:
    """Nothing runs: what the subgraph assigns is the variables' initial state."""
    return Lowering((), comment="part of the reset")


CALL_ONCE = OperatorSupport("CALL_ONCE", (nothing_in_or_out, before_every_use, assigns_constants), lower)

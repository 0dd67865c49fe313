"""The check after every conversion: is this model integer from its first layer to its last?

Converters fall back to float without a word (a batch normalisation that could not be folded is
enough), so a model is believed only after every tensor's type has been looked at.
"""

from __future__ import annotations

from toolchain.errors import NotQuantisedError
from toolchain.vocabulary.graph import Graph, Operator, Tensor

_FLOAT = frozenset({"FLOAT16", "FLOAT32"})
_QUANTISED = frozenset({"INT8", "INT16", "UINT8"})
_NEXT = "Convert it with full-integer quantisation and a representative data set."


def require_fully_integer(graph: Graph) -> None:
    """Refuse a model that computes anything in floating point.

    A QUANTIZE that reads a float input of the model, and a DEQUANTIZE that makes a float output of it,
    are its edges and are allowed.

    Raises:
        NotQuantisedError: a float model, a dynamic-range (hybrid) one, or one that fell back to float
            in places; names the first such layer.
    """
    for subgraph in (graph, *graph.subgraphs.values()):
        for operator in subgraph.operators:
            if not _is_edge(subgraph, operator):
                _check_operator(subgraph, operator)


def _is_edge(graph: Graph, operator: Operator) -> bool:
    if operator.name == "QUANTIZE":
        return all(i in graph.inputs for i in operator.inputs)
    if operator.name == "DEQUANTIZE":
        return all(i in graph.outputs for i in operator.outputs)
    return False


def _check_operator(graph: Graph, operator: Operator) -> None:
    read = [graph.tensors[i] for i in operator.inputs if i >= 0]
    made = [graph.tensors[i] for i in operator.outputs]
    floats = [tensor for tensor in (*made, *read) if tensor.dtype in _FLOAT]
    if not floats:
        return
    layer = f"layer {(made or read)[0].name!r} ({operator.name}, number {operator.index})"
    tensor = floats[0]
    if any(t.is_constant and t.dtype in _QUANTISED for t in read) and _all_float(made):
        raise NotQuantisedError(
            f"{graph.name!r} has dynamic-range quantisation: {layer} has int8 weights but computes on "
            f"{tensor.dtype} activations.",
            _NEXT,
        )
    if any(t.dtype in _QUANTISED for t in graph.tensors if not t.is_constant):
        raise NotQuantisedError(
            f"{graph.name!r} is only partly quantised: {layer} fell back to {tensor.dtype} "
            f"(tensor {tensor.name!r}).",
            "Find why the converter could not quantise this layer (a batch normalisation that was not "
            "folded is the usual cause), and convert again.",
        )
    raise NotQuantisedError(
        f"{graph.name!r} is a float model: {layer} computes in {tensor.dtype}.",
        _NEXT,
    )


def _all_float(tensors: list[Tensor]) -> bool:
    return all(tensor.dtype in _FLOAT for tensor in tensors)

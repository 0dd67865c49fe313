"""What passes ask of a graph before they change it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from toolchain.compile.layer_view import LayerView
from toolchain.compile.lowering import ConstantPool, Lowering
from toolchain.compile.operators.table import OPERATORS
from toolchain.compile.rules import first_refusal
from toolchain.vocabulary.graph import Graph, Operator, Tensor
from toolchain.vocabulary.program import ConstantRef

IDENTITY: npt.NDArray[np.int8] = np.arange(-128, 128, dtype=np.int8)


def readers(graph: Graph) -> Counter[int]:
    """How often each tensor is read; an output of the model is read once more, from outside."""
    return Counter([*graph.outputs, *(i for operator in graph.operators for i in operator.inputs)])


def is_supported(graph: Graph, operator: Operator) -> bool:
    """Whether the operator meets its rules, so that its lowering may be asked for."""
    support = OPERATORS.get(operator.name)
    return support is not None and first_refusal(support, LayerView(graph, operator)) is None


def lowered(graph: Graph, operator: Operator) -> tuple[Lowering, ConstantPool] | None:
    """The operator's lowering, with a pool that holds its constants alone; None where it is not supported."""
    if not is_supported(graph, operator):
        return None
    pool = ConstantPool()
    return OPERATORS[operator.name].lower(LayerView(graph, operator), pool), pool


def is_renaming(lowering: Lowering) -> bool:
    """Whether nothing runs, since the output is the input's bytes."""
    return not lowering.calls and len(lowering.alias) == 1


def lookup_table(lowering: Lowering, pool: ConstantPool) -> npt.NDArray[np.int8] | None:
    """The 256 results, for -128 to 127, of an operator that is nothing but a table look-up."""
    if len(lowering.calls) != 1 or lowering.calls[0].kernel != "lookup_s8":
        return None
    reference = lowering.calls[0].parameters["table"]
    if not isinstance(reference, ConstantRef):
        return None
    [table] = [constant.values for constant in pool.constants if constant.symbol == reference.symbol]
    return table.astype(np.int8)


def is_plain(tensors: Iterable[Tensor]) -> bool:
    """Whether the tensors are computed at run time and no variables."""
    return not any(tensor.is_constant or tensor.is_variable for tensor in tensors)


def alike(a: Tensor, b: Tensor) -> bool:
    """Whether whoever reads one tensor may read the other: the same shape, type and quantisation."""
    return (a.shape, a.dtype, a.quantisation) == (b.shape, b.dtype, b.quantisation)

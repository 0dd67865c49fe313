"""Computes operators whose inputs are constants, where the arithmetic at hand is the reference's.

Proof: what only renames leaves the bytes; a table look-up gives what the table says, and the table is the
one that would run; QUANTIZE and DEQUANTIZE use the arithmetic of their kernels, which are compared with the
reference. All other operators on constants stay as they are.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeGuard

import numpy as np
import numpy.typing as npt

from toolchain.compile.passes.questions import is_renaming, lookup_table, lowered
from toolchain.compile.real_numbers import dequantised, quantised
from toolchain.vocabulary.graph import Graph, Operator, Quantisation, Tensor


def fold_constants(graph: Graph) -> Graph:
    """The graph with the results as constants; an output of the model is never made one."""
    tensors = list(graph.tensors)
    kept: list[Operator] = []
    for operator in graph.operators:
        result = (
            _result(replace(graph, tensors=tuple(tensors)), operator)
            if _may_fold(tensors, graph, operator)
            else None
        )
        if result is None:
            kept.append(operator)
        else:
            [output] = operator.outputs
            tensors[output] = replace(tensors[output], data=result.reshape(tensors[output].shape))
    return replace(graph, tensors=tuple(tensors), operators=tuple(kept))


def _may_fold(tensors: list[Tensor], graph: Graph, operator: Operator) -> bool:
    if len(operator.outputs) != 1 or operator.outputs[0] in graph.outputs or not operator.inputs:
        return False
    given = [tensors[i] for i in operator.inputs if i != -1]
    output = tensors[operator.outputs[0]]
    return bool(given) and all(t.is_constant and not t.is_variable for t in given) and not output.is_variable


def _result(graph: Graph, operator: Operator) -> npt.NDArray[np.generic] | None:
    source, output = graph.tensors[operator.inputs[0]], graph.tensors[operator.outputs[0]]
    if source.data is None:
        return None
    if "FLOAT32" in (source.dtype, output.dtype):
        return _across_types(operator, source, output)
    # The rules ask for inputs computed at run time; so the operator is looked at as if this one were.
    as_computed = [replace(t, data=None) if t.index == source.index else t for t in graph.tensors]
    found = lowered(replace(graph, tensors=tuple(as_computed)), operator)
    if found is None or source.dtype != output.dtype:
        return None
    if is_renaming(found[0]):
        return source.data
    table = lookup_table(*found)
    return None if table is None else table[source.data.astype(np.int64) + 128]


def _across_types(operator: Operator, source: Tensor, output: Tensor) -> npt.NDArray[np.generic] | None:
    """QUANTIZE from float32, DEQUANTIZE to it."""
    if source.data is None or source.shape != output.shape:
        return None
    types = (operator.name, source.dtype, output.dtype)
    if types == ("QUANTIZE", "FLOAT32", "INT8") and _one_int8_scale(output.quantisation):
        return quantised(source.data.astype(np.float32), output.quantisation)
    if types == ("DEQUANTIZE", "INT8", "FLOAT32") and _one_int8_scale(source.quantisation):
        return dequantised(source.data.astype(np.int8), source.quantisation)
    return None


def _one_int8_scale(quantisation: Quantisation | None) -> TypeGuard[Quantisation]:
    return (
        quantisation is not None and not quantisation.per_channel and -128 <= quantisation.zero_point <= 127
    )

"""Resource variables: which there are, how many bytes each has, and what the initialiser makes of them.

`VAR_HANDLE` names a variable, `ASSIGN_VARIABLE` and `READ_VARIABLE` use it, and `CALL_ONCE` runs another
subgraph before the first inference, which assigns the initial values.  The reference gives a variable
its memory at the first ASSIGN_VARIABLE there is, the main graph's before the other subgraphs', and fills
it with that value's zero point (`MicroResourceVariables::Allocate`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from toolchain.compile.layer_view import LayerView
from toolchain.compile.lowering import Lowering, Rule
from toolchain.compile.movements import Axis, copy
from toolchain.vocabulary.graph import Graph, Operator, Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Variable:
    """A resource variable: its name in the file, its bytes after a reset, and the sizes assigned to it."""

    name: str
    initial: npt.NDArray[np.int8]
    sizes: frozenset[int]


@dataclass(frozen=True, slots=True, eq=False)
class Variables:
    """The variables of a model by name, and which one each resource tensor of the main graph stands for."""

    by_name: Mapping[str, Variable]
    name_of: Mapping[int, str]
    containers: Mapping[str, frozenset[object]]

    def of_tensor(self, tensor: int) -> Variable | None:
        """The variable a resource tensor stands for, if it is known and assigned anywhere."""
        name = self.name_of.get(tensor)
        return None if name is None else self.by_name.get(name)


@lru_cache(maxsize=4)
def find_variables(graph: Graph) -> Variables:
    """Every resource variable of the model; what the rules refuse is left out."""
    names = {index: _handles(each) for index, each in _graphs(graph)}
    first: dict[str, npt.NDArray[np.int8]] = {}
    sizes: dict[str, set[int]] = {}
    for index, each in _graphs(graph):
        for name, value in _assignments(each, names[index]):
            first.setdefault(name, np.full(value.bytes, _default(value), np.int8))
            sizes.setdefault(name, set()).add(value.bytes)
    initial = dict(first)
    for called in initialisers(graph):
        for name, value in _assignments(graph.subgraphs[called], names[called]):
            if value.data is not None and value.bytes == first[name].size:
                initial[name] = np.ascontiguousarray(value.data).reshape(-1).view(np.int8)
    containers: dict[str, set[object]] = {}
    for _, each in _graphs(graph):
        for operator in each.operators:
            if operator.name == "VAR_HANDLE":
                found = containers.setdefault(str(operator.options.get("shared_name")), set())
                found.add(operator.options.get("container"))
    return Variables(
        {name: Variable(name, values, frozenset(sizes[name])) for name, values in initial.items()},
        names[0],
        {name: frozenset(found) for name, found in containers.items()},
    )


def initialisers(graph: Graph) -> list[int]:
    """The subgraphs that CALL_ONCE runs, in order, where they are there."""
    called = [
        operator.options.get("init_subgraph_index")
        for operator in graph.operators
        if operator.name == "CALL_ONCE"
    ]
    return [index for index in called if isinstance(index, int) and index in graph.subgraphs]


def _graphs(graph: Graph) -> Iterator[tuple[int, Graph]]:
    """All graphs of the file in its order, the main one as 0."""
    yield 0, graph
    yield from sorted(graph.subgraphs.items())


def _handles(graph: Graph) -> dict[int, str]:
    """Resource tensors of one graph by the name that their VAR_HANDLE gives."""
    return {
        operator.outputs[0]: str(operator.options.get("shared_name"))
        for operator in graph.operators
        if operator.name == "VAR_HANDLE" and operator.outputs
    }


def _assignments(graph: Graph, names: Mapping[int, str]) -> Iterator[tuple[str, Tensor]]:
    """(variable, assigned tensor) of every ASSIGN_VARIABLE of one graph, in its order."""
    for operator in graph.operators:
        found = _assigned(operator)
        if found is not None and found[0] in names:
            yield names[found[0]], graph.tensors[found[1]]


def _assigned(operator: Operator) -> tuple[int, int] | None:
    inputs = operator.inputs
    complete = operator.name == "ASSIGN_VARIABLE" and len(inputs) == 2 and min(inputs) >= 0
    return (inputs[0], inputs[1]) if complete else None


def _default(value: Tensor) -> int:
    """What a variable holds before anything is assigned: the zero point as an int8, or 0."""
    if value.quantisation is None:
        return 0
    return (value.quantisation.zero_points[0] + 128) % 256 - 128


def variable_of(layer: LayerView) -> str | None:
    """Its first input is a resource variable that is named in this graph and assigned somewhere."""
    handle = layer.input(0)
    if handle.dtype != "RESOURCE" or handle.index not in find_variables(layer.graph).name_of:
        return f"its variable {handle.name!r} is not named by a VAR_HANDLE"
    return None if _variable(layer) is not None else f"its variable {handle.name!r} is never assigned"


def same_size(position: int | None) -> Rule:
    """A rule on the tensor that is assigned (the input at `position`) or read (the output, for None)."""

    def rule(layer: LayerView) -> str | None:
        """The value is int8, not empty, and of the size of everything that is assigned to the variable."""
        tensor, variable = layer.output() if position is None else layer.input(position), _variable(layer)
        if tensor.dtype != "INT8" or tensor.elements == 0:
            return f"its value {tensor.name!r} is {tensor.dtype} of {tensor.elements} values"
        if variable is None or set(variable.sizes) != {tensor.bytes}:
            return f"its value {tensor.name!r} has not the size of everything assigned to the variable"
        return None

    return rule


def _variable(layer: LayerView) -> Variable | None:
    return find_variables(layer.graph).of_tensor(layer.input(0).index)


def lower_copy(source: Tensor, target: Tensor, elements: int) -> Lowering:
    """One copy between a tensor and the variable that the other one stands for."""
    return Lowering((copy(source, target, (Axis(elements, 1, 1),)),))

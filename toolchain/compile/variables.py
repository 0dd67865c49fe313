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

from toolchain.vocabulary.graph import Graph, Operator, Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Variable:
    """A resource variable: its name in the file and its bytes after a reset."""

    name: str
    initial: npt.NDArray[np.int8]


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
    for index, each in _graphs(graph):
        for name, value in _assignments(each, names[index]):
            first.setdefault(name, np.full(value.bytes, _default(value), np.int8))
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
        {name: Variable(name, values) for name, values in initial.items()},
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

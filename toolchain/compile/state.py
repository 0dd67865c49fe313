"""The state area: memory that lives from one inference to the next, and what a reset makes of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from toolchain.compile.lowering import ConstantPool, TensorPlace
from toolchain.compile.plan_memory import align
from toolchain.compile.variables import find_variables
from toolchain.vocabulary.graph import Graph, Tensor
from toolchain.vocabulary.program import ConstantRef, StateBuffer, StateRef


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """Where everything lies; `offsets` has variable tensors and the tensors that stand for variables."""

    offsets: Mapping[int, int]
    buffers: tuple[StateBuffer, ...]
    initial: npt.NDArray[np.int8]

    def address(self, place: TensorPlace) -> StateRef | None:
        """The address of a place in a tensor that lives here, None for every other tensor."""
        start = self.offsets.get(place.tensor)
        return None if start is None else StateRef(start + place.offset, place.c_type)


def lay_out_state(graph: Graph, pool: ConstantPool) -> State:
    """Place the variables one after the other, each on the arena's alignment.

    Only what the main graph reads or assigns gets a place.
    """
    offsets: dict[int, int] = {}
    buffers: list[StateBuffer] = []
    end = 0
    for name, tensors, variable, values in _variables(graph):
        buffers.append(
            StateBuffer(name, variable, end, values.size, _initial(len(buffers), name, values, pool))
        )
        offsets |= dict.fromkeys(tensors, end)
        end += align(values.size)
    area = np.zeros(end, np.int8)
    for buffer, (_, _, _, values) in zip(buffers, _variables(graph), strict=True):
        area[buffer.offset : buffer.offset + buffer.bytes] = values
    return State(offsets, tuple(buffers), area)


def _variables(graph: Graph) -> Iterator[tuple[str, list[int], int | None, npt.NDArray[np.int8]]]:
    """Name, tensors that stand for it, index if it is a variable tensor, and initial bytes of each."""
    read = {i for operator in graph.operators for i in operator.inputs}
    for tensor in graph.tensors:
        if tensor.is_variable and tensor.index in read:
            yield tensor.name, [tensor.index], tensor.index, np.full(tensor.bytes, _fill(tensor), np.int8)
    found = find_variables(graph)
    for name, variable in found.by_name.items():
        tensors = [tensor for tensor, handle in found.name_of.items() if handle == name and tensor in read]
        if tensors:
            yield name, tensors, None, variable.initial


def _fill(tensor: Tensor) -> int:
    """Every byte of a variable tensor after a reset (`ResetTensorData`): the zero point of an int8 one."""
    if tensor.dtype != "INT8" or tensor.quantisation is None:
        return 0
    return tensor.quantisation.zero_points[0]


def _initial(number: int, name: str, values: npt.NDArray[np.int8], pool: ConstantPool) -> int | ConstantRef:
    if (values == values[0]).all():
        return int(values[0])
    symbol, comment = f"initial_state_{number}", f"{name} after a reset"
    return pool.add(symbol, "int8_t", values, role="table", comment=comment)

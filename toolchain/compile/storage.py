"""Which tensors share memory, and from which layer to which each piece of memory is needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from toolchain.compile.lowering import Lowering
from toolchain.compile.plan_memory import Block, Plan, plan_memory
from toolchain.vocabulary.graph import Graph
from toolchain.vocabulary.program import ArenaBuffer


@dataclass(slots=True)
class _Storage:
    """One piece of memory and its lifetime, in layers."""

    bytes: int
    first: int
    last: int


@dataclass(frozen=True, slots=True, eq=False)
class Arena:
    """Offsets of all tensors and of each layer's scratch (-1: none), and the memory map."""

    tensor_offsets: dict[int, int]
    scratch_offsets: tuple[int, ...]
    buffers: tuple[ArenaBuffer, ...]
    plan: Plan


def lay_out(graph: Graph, lowerings: Sequence[Lowering]) -> Arena:
    """Decide sharing, then place everything.

    Inputs are written before the first layer, so they are needed from the start until they are last
    read; outputs from where they are made to the end.
    """
    lifetimes = _lifetimes(graph)
    storage_of = _share(graph, lowerings, lifetimes)
    storages = list({id(storage): storage for storage in storage_of.values()}.values())
    scratch_layers = [number for number, lowering in enumerate(lowerings) if lowering.scratch_bytes]
    blocks = [Block(storage.bytes, storage.first, storage.last) for storage in storages]
    blocks += [Block(lowerings[number].scratch_bytes, number, number) for number in scratch_layers]
    plan = plan_memory(blocks)
    place = {id(storage): plan.offsets[i] for i, storage in enumerate(storages)}
    tensor_offsets = {tensor: place[id(storage)] for tensor, storage in storage_of.items()}
    scratch_offsets = [-1] * len(lowerings)
    for i, number in enumerate(scratch_layers, start=len(storages)):
        scratch_offsets[number] = plan.offsets[i]
    tensors = [
        ArenaBuffer(
            graph.tensors[t].name,
            t,
            tensor_offsets[t],
            graph.tensors[t].bytes,
            first,
            min(last, max(len(lowerings) - 1, 0)),
        )
        for t, (first, last) in lifetimes.items()
    ]
    scratch = [
        ArenaBuffer(f"scratch of layer {n}", None, scratch_offsets[n], lowerings[n].scratch_bytes, n, n)
        for n in scratch_layers
    ]
    return Arena(tensor_offsets, tuple(scratch_offsets), (*tensors, *scratch), plan)


def _lifetimes(graph: Graph) -> dict[int, tuple[int, int]]:
    """First and last layer of every tensor that is computed or given at run time.

    An output of the model is read after the last layer, which counts as one more layer.
    """
    found: dict[int, list[int]] = {tensor: [0, 0] for tensor in graph.inputs}
    for number, operator in enumerate(graph.operators):
        for tensor in operator.outputs:
            found[tensor] = [number, number]
        for tensor in operator.inputs:
            if tensor in found:
                found[tensor][1] = number
    for tensor in graph.outputs:
        found[tensor][1] = len(graph.operators)
    return {tensor: (first, last) for tensor, (first, last) in found.items()}


def _share(
    graph: Graph, lowerings: Sequence[Lowering], lifetimes: dict[int, tuple[int, int]]
) -> dict[int, _Storage]:
    """One storage a tensor, joined where one is an alias of another, or may be computed in its place."""
    storage_of = {
        tensor: _Storage(graph.tensors[tensor].bytes, *lifetime) for tensor, lifetime in lifetimes.items()
    }

    def join(output: int, source: int) -> None:
        kept, gone = storage_of[source], storage_of[output]
        kept.bytes = max(kept.bytes, gone.bytes)
        kept.first, kept.last = min(kept.first, gone.first), max(kept.last, gone.last)
        for tensor, storage in storage_of.items():
            if storage is gone:
                storage_of[tensor] = kept

    for lowering in lowerings:
        for output, source in lowering.alias:
            join(output, source)
    for number, lowering in enumerate(lowerings):
        for output, source in lowering.in_place:
            # Only when no tensor in that memory is read after this layer, and never twice for one output.
            if (
                source in storage_of
                and storage_of[source].last == number
                and _is_free(storage_of, output, source)
            ):
                join(output, source)
                break
    return storage_of


def _is_free(storage_of: dict[int, _Storage], output: int, source: int) -> bool:
    """Whether the output does not share memory with the input already."""
    return storage_of[output] is not storage_of[source]

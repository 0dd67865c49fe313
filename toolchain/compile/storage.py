"""Where every tensor and every piece of scratch memory lies, and from which layer to which it is needed."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from toolchain.compile.lowering import Lowering, Overlap, Part
from toolchain.compile.plan_memory import Block, Plan, Span, lower_bound, peak, plan_memory
from toolchain.compile.plan_regions import Room, spread
from toolchain.compile.sharing import Join, Lifetimes, Sharing, overlaps_of, share
from toolchain.vocabulary.graph import Graph
from toolchain.vocabulary.program import ArenaBuffer, ArenaRegion, BufferRef

# How many parts are tried on their own, the fewer the larger the model: this bounds time, not exactness.
_MOST_TRIED = 64
_TENSORS_TRIED = 20_000
# Of the rounds of overlaps, those with the lowest bounds.
_MOST_ROUNDS_PLANNED = 3
# The same for whole plans.
_PAIRS_TRIED = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class Arena:
    """Places of all tensors and of each layer's scratch (None: none), and the memory map.

    `joined` are the parts that lie in their whole's memory: the calls that would copy them are not made.
    """

    tensors: dict[int, BufferRef]
    scratch: tuple[BufferRef | None, ...]
    buffers: tuple[ArenaBuffer, ...]
    bytes: int
    lower_bound_bytes: int
    regions: tuple[ArenaRegion, ...]
    joined: frozenset[Part]


def lay_out(graph: Graph, lowerings: Sequence[Lowering], rooms: Sequence[Room] = ()) -> Arena:
    """Decide sharing, then place everything: in one piece, or in `rooms` where there are several.

    Inputs are written before the first layer, so they are needed from the start until they are last
    read; outputs from where they are made to the end.

    Raises:
        DoesNotFitError: there are rooms, and not enough of them.
    """
    lifetimes = _lifetimes(graph)
    sizes = {tensor: graph.tensors[tensor].bytes for tensor in lifetimes}
    scratch_layers = [number for number, lowering in enumerate(lowerings) if lowering.scratch_bytes]
    scratch_blocks = [Block(lowerings[number].scratch_bytes, number, number) for number in scratch_layers]
    sharing, plan = _best_sharing(lowerings, sizes, lifetimes, scratch_blocks)
    bases = [BufferRef(offset) for offset in plan.offsets]
    regions: tuple[ArenaRegion, ...] = ()
    if rooms:
        blocks = [*(_block(s, sizes, lifetimes) for s in sharing.storages), *scratch_blocks]
        found = spread(blocks, _uses(graph, lowerings, sharing, scratch_layers), rooms, plan)
        bases = [
            BufferRef(offset, region=rooms[room].name)
            for room, offset in zip(found.rooms, found.offsets, strict=True)
        ]
        regions = tuple(
            ArenaRegion(room.name, used) for room, used in zip(rooms, found.used, strict=True) if used
        )
    places = {
        tensor: replace(base, offset=base.offset + start)
        for base, storage in zip(bases, sharing.storages, strict=False)
        for tensor, start in storage.items()
    }
    scratch: list[BufferRef | None] = [None] * len(lowerings)
    for number, base in zip(scratch_layers, bases[len(sharing.storages) :], strict=True):
        scratch[number] = base
    last_layer = max(len(lowerings) - 1, 0)
    tensors = [
        ArenaBuffer(
            graph.tensors[t].name,
            t,
            places[t].offset,
            graph.tensors[t].bytes,
            first,
            min(last, last_layer),
            places[t].region,
        )
        for t, (first, last) in lifetimes.items()
    ]
    scratches = [
        ArenaBuffer(f"scratch of layer {n}", None, base.offset, lowerings[n].scratch_bytes, n, n, base.region)
        for n, base in enumerate(scratch)
        if base is not None
    ]
    return Arena(
        tensors=places,
        scratch=tuple(scratch),
        buffers=(*tensors, *scratches),
        bytes=sum(region.bytes for region in regions) if rooms else plan.arena_bytes,
        lower_bound_bytes=plan.lower_bound_bytes,
        regions=regions,
        joined=sharing.joined,
    )


def _uses(
    graph: Graph, lowerings: Sequence[Lowering], sharing: Sharing, scratch_layers: Sequence[int]
) -> list[int]:
    """Accesses to each storage, and to each layer's scratch, in one inference: bytes, roughly.

    A byte written counts once, and so does one read that is multiplied into nothing.  Every
    multiply-accumulate reads one: of the scratch, where a window is copied before, else of the inputs.
    """
    of_tensor: dict[int, int] = {}
    of_scratch: dict[int, int] = {}
    for number, (operator, lowering) in enumerate(zip(graph.operators, lowerings, strict=True)):
        computed = [t for t in operator.inputs if t >= 0 and graph.tensors[t].data is None]
        read = sum(graph.tensors[t].bytes for t in computed)
        for tensor in computed:
            bytes_ = graph.tensors[tensor].bytes
            products = 0 if lowering.scratch_bytes else lowering.macs * bytes_ // max(read, 1)
            of_tensor[tensor] = of_tensor.get(tensor, 0) + max(bytes_, products)
        for tensor in operator.outputs:
            of_tensor[tensor] = of_tensor.get(tensor, 0) + graph.tensors[tensor].bytes
        of_scratch[number] = lowering.macs + lowering.scratch_bytes
    storages = [sum(of_tensor.get(tensor, 0) for tensor in storage) for storage in sharing.storages]
    return [*storages, *(of_scratch[number] for number in scratch_layers)]


def _lifetimes(graph: Graph) -> dict[int, tuple[int, int]]:
    """First and last layer of every tensor that is computed or given at run time.

    An output of the model is read after the last layer, which counts as one more layer.  What stands
    for a resource variable holds nothing itself.
    """
    found: dict[int, list[int]] = {tensor: [0, 0] for tensor in graph.inputs}
    for number, operator in enumerate(graph.operators):
        for tensor in operator.outputs:
            if graph.tensors[tensor].dtype != "RESOURCE":
                found[tensor] = [number, number]
        for tensor in operator.inputs:
            if tensor in found:
                found[tensor][1] = number
    for tensor in graph.outputs:
        found[tensor][1] = len(graph.operators)
    return {tensor: (first, last) for tensor, (first, last) in found.items()}


def _best_sharing(
    lowerings: Sequence[Lowering], sizes: Mapping[int, int], lifetimes: Lifetimes, scratch: Sequence[Block]
) -> tuple[Sharing, Plan]:
    """Sharing that takes the least memory.

    Outputs overlap inputs only in the layers that need the most, one round of them after another: the more
    of them follow one another, the more memory they drift through.
    """

    def arranged(refused: frozenset[Join]) -> tuple[Sharing, list[Block]]:
        sharing = share(lowerings, sizes, lifetimes, refused)
        return sharing, [*(_block(s, sizes, lifetimes) for s in sharing.storages), *scratch]

    apart = frozenset(overlaps_of(lowerings))
    best = _best_without(apart, arranged, len(sizes))
    rounds: list[tuple[int, frozenset[Overlap]]] = []
    for _ in range(min(_MOST_TRIED, _TENSORS_TRIED // len(sizes))):
        _, blocks = arranged(apart)
        rounds.append((lower_bound(blocks), apart))
        layers = peak(blocks)[1]
        critical = {o for o in apart if any(lifetimes[o.output][0] in some for some in layers)}
        if not critical:
            break
        apart -= critical
    for bound, refused in sorted(rounds, key=lambda r: (r[0], -len(r[1])))[:_MOST_ROUNDS_PLANNED]:
        if bound < best[1].arena_bytes:
            best = min(best, _best_without(refused, arranged, len(sizes)), key=lambda b: b[1].arena_bytes)
    return best


def _best_without(
    always: frozenset[Overlap],
    arranged: Callable[[frozenset[Join]], tuple[Sharing, list[Block]]],
    tensors: int,
) -> tuple[Sharing, Plan]:
    """The best that `arranged` makes, `always` refused: parts join their whole unless copying needs less.

    A part that lies in its whole needs no copy, but keeps its place there, whatever else is freed
    around it; so one is taken out where that lowers the bound, or makes a plan smaller that misses it.
    """
    refused: frozenset[Join] = always
    sharing, blocks = arranged(refused)
    parts = sorted(sharing.joined, key=lambda part: (part.part, part.whole, part.offset))
    for part in parts[: min(_MOST_TRIED, _TENSORS_TRIED // tensors)]:
        other, other_blocks = arranged(refused | {part})
        if lower_bound(other_blocks) < lower_bound(blocks):
            sharing, blocks, refused = other, other_blocks, refused | {part}
    plan = plan_memory(blocks)
    others = [always, always | frozenset(parts), *(refused | {part} for part in parts)]
    for other_refused in others[: _PAIRS_TRIED // len(blocks) ** 2]:
        if not parts or plan.arena_bytes == plan.lower_bound_bytes:
            break
        other, other_blocks = arranged(other_refused)
        other_plan = plan_memory(other_blocks)
        if other_plan.arena_bytes < plan.arena_bytes:
            sharing, plan = other, other_plan
    return sharing, plan


def _block(storage: Mapping[int, int], sizes: Mapping[int, int], lifetimes: Lifetimes) -> Block:
    """The bytes of a storage, layer by layer: from the first to the last that a tensor needs then."""
    waiting = sorted(storage, key=lambda tensor: -lifetimes[tensor][0])
    changes = sorted({t for tensor in storage for t in (lifetimes[tensor][0], lifetimes[tensor][1] + 1)})
    # (start, last layer) and (-stop, last layer) of tensors, those that are not needed any more among them.
    starts: list[tuple[int, int]] = []
    stops: list[tuple[int, int]] = []
    spans: list[Span] = []
    for layer, after in itertools.pairwise(changes):
        while waiting and lifetimes[waiting[-1]][0] == layer:
            tensor = waiting.pop()
            last = lifetimes[tensor][1]
            heapq.heappush(starts, (storage[tensor], last))
            heapq.heappush(stops, (-storage[tensor] - sizes[tensor], last))
        for heap in (starts, stops):
            while heap and heap[0][1] < layer:
                heapq.heappop(heap)
        if starts:
            start, stop = starts[0][0], -stops[0][0]
            if spans and (spans[-1].last + 1, spans[-1].start, spans[-1].stop) == (layer, start, stop):
                spans[-1] = replace(spans[-1], last=after - 1)
            else:
                spans.append(Span(layer, after - 1, start, stop))
    return Block.of_spans(spans)

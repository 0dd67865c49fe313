"""Places everything that lives in memory into one static arena, before anything runs.

Each block is needed from one layer to another; two blocks that are needed at the same time must not
overlap.  No placement can be smaller than the largest sum of blocks needed by one layer (the liveness
lower bound), nor than the largest block, even if not all of it is needed at once; a few orders of
first-fit placement, from both ends, reach that on nearly every network.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

ALIGNMENT = 16
_RANDOM_TRIES = 300
# Every try compares all pairs of blocks: networks with thousands of layers get fewer of them.
_PAIR_BUDGET = 20_000_000


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes `start` to `stop` (not included) of a block, needed from layer `first` to `last` (included)."""

    first: int
    last: int
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Block:
    """`bytes` of memory, needed from layer `first` to layer `last`, both included.

    Where not all of it is needed all the time, `spans` say which bytes are, and when; otherwise it is empty.
    """

    bytes: int
    first: int
    last: int
    spans: tuple[Span, ...] = ()

    @classmethod
    def of_spans(cls, spans: Sequence[Span]) -> Block:
        """A block of which `spans` are needed, in ascending order and never two in one layer."""
        bytes_, first, last = max(span.stop for span in spans), spans[0].first, spans[-1].last
        if spans == [Span(first, last, 0, bytes_)]:
            return cls(bytes_, first, last)
        return cls(bytes_, first, last, tuple(spans))

    @property
    def aligned_bytes(self) -> int:
        """What it takes in an arena."""
        return align(self.bytes)

    def needed(self) -> tuple[Span, ...]:
        """What is needed and when, starts and stops rounded outwards to the arena's alignment."""
        spans = self.spans or (Span(self.first, self.last, 0, self.bytes),)
        return tuple(Span(s.first, s.last, s.start // ALIGNMENT * ALIGNMENT, align(s.stop)) for s in spans)


@dataclass(frozen=True, slots=True)
class Plan:
    """An offset for every block, the bytes they reach to, and the bound no plan can beat."""

    offsets: tuple[int, ...]
    arena_bytes: int
    lower_bound_bytes: int


def align(size: int) -> int:
    """`size`, rounded up to the arena's alignment."""
    return -(-size // ALIGNMENT) * ALIGNMENT


def lower_bound(blocks: Sequence[Block]) -> int:
    """The largest sum of aligned sizes that one layer needs, or the size of the largest block."""
    return max((peak(blocks)[0], *(align(block.bytes) for block in blocks)))


def peak(blocks: Sequence[Block]) -> tuple[int, tuple[range, ...]]:
    """The largest sum of aligned sizes that one layer needs, and all layers that need as much."""
    change: dict[int, int] = {}
    for block in blocks:
        for span in block.needed():
            change[span.first] = change.get(span.first, 0) + span.stop - span.start
            change[span.last + 1] = change.get(span.last + 1, 0) - (span.stop - span.start)
    layers = sorted(change)
    live = list(itertools.accumulate(change[layer] for layer in layers))
    largest = max(live, default=0)
    return largest, tuple(
        range(layer, after)
        for (layer, after), bytes_ in zip(itertools.pairwise(layers), live, strict=False)
        if bytes_ == largest
    )


def plan_memory(blocks: Sequence[Block]) -> Plan:
    """Place `blocks`; deterministic."""
    bound = lower_bound(blocks)
    best: tuple[int, ...] = ()
    best_bytes = -1
    for order, from_top in _attempts(blocks):
        offsets = _place(blocks, order, from_top, bound)
        reached = max((offsets[i] + align(block.bytes) for i, block in enumerate(blocks)), default=0)
        if best_bytes < 0 or reached < best_bytes:
            best, best_bytes = offsets, reached
        if best_bytes == bound:
            break
    return Plan(best, max(best_bytes, 0), bound)


def _attempts(blocks: Sequence[Block]) -> Iterable[tuple[list[int], list[bool]]]:
    """Orders to place the blocks in, and for each block whether it goes to the top of the arena."""
    numbers = list(range(len(blocks)))
    bottom = [False] * len(blocks)
    by_size = sorted(numbers, key=lambda i: (-blocks[i].bytes, blocks[i].first, i))
    by_start = sorted(numbers, key=lambda i: (blocks[i].first, -blocks[i].last, i))
    # In a chain each layer needs its input and its output: one at either end is always enough.
    ends = [bool(rank % 2) for rank in sorted(numbers, key=by_start.__getitem__)]
    yield by_size, bottom
    yield by_start, ends
    yield by_size, ends
    yield by_start, bottom
    by_lifetime = sorted(numbers, key=lambda i: (blocks[i].first - blocks[i].last, -blocks[i].bytes, i))
    yield by_lifetime, bottom
    yield by_lifetime, ends
    chance = random.Random(0)
    spans = sum(max(len(block.spans), 1) for block in blocks)
    for _ in range(min(_RANDOM_TRIES, _PAIR_BUDGET // max(spans, 1) ** 2)):
        order = by_size.copy()
        for _ in range(1 + len(order) // 4):
            a, b = chance.randrange(len(order)), chance.randrange(len(order))
            order[a], order[b] = order[b], order[a]
        yield order, [chance.random() < 0.3 for _ in order]


def _place(
    blocks: Sequence[Block], order: Sequence[int], from_top: Sequence[bool], bound: int
) -> tuple[int, ...]:
    offsets = [-1] * len(blocks)
    needed = [block.needed() for block in blocks]
    for i in order:
        forbidden = sorted(
            gap
            for j, other in enumerate(blocks)
            if offsets[j] >= 0 and other.first <= blocks[i].last and blocks[i].first <= other.last
            for gap in _forbidden(needed[i], needed[j], offsets[j])
        )
        offsets[i] = _fit(align(blocks[i].bytes), forbidden, bound, from_top[i])
    return tuple(offsets)


def first_fit(block: Block, placed: Sequence[tuple[Block, int]]) -> int:
    """The lowest offset at which `block` meets none of the blocks `placed` at their offsets."""
    ours = block.needed()
    forbidden = sorted(gap for other, offset in placed for gap in _forbidden(ours, other.needed(), offset))
    return _fit(align(block.bytes), forbidden, 0, from_top=False)


def _forbidden(ours: Sequence[Span], theirs: Sequence[Span], offset: int) -> Iterable[tuple[int, int]]:
    """Between these two offsets (neither included), one of our spans would meet one of theirs at `offset`."""
    for other in theirs:
        for own in ours:
            if other.first <= own.last and own.first <= other.last:
                yield offset + other.start - own.stop, offset + other.stop - own.start


def _fit(size: int, forbidden: Sequence[tuple[int, int]], bound: int, from_top: bool) -> int:
    """The lowest offset that is not forbidden, or the highest with `size` below `bound` if there is one."""
    gaps, free = [], 0
    for low, high in forbidden:
        if low >= free:
            gaps.append((free, low))
        free = max(free, high)
    if from_top:
        if bound - size >= free:
            return bound - size
        within = [min(high, bound - size) for low, high in gaps if low <= bound - size]
        if within:
            return within[-1]
    return gaps[0][0] if gaps else free

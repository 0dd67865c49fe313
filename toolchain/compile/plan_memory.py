"""Places everything that lives in memory into one static arena, before anything runs.

Each block is needed from one layer to another; two blocks that are needed at the same time must not
overlap.  No placement can be smaller than the largest sum of blocks needed by one layer (the liveness
lower bound); a few orders of first-fit placement, from both ends, reach it on nearly every network.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

ALIGNMENT = 16
_RANDOM_TRIES = 300
# Every try compares all pairs of blocks: networks with thousands of layers get fewer of them.
_PAIR_BUDGET = 20_000_000


@dataclass(frozen=True, slots=True)
class Block:
    """`bytes` of memory, needed from layer `first` to layer `last`, both included."""

    bytes: int
    first: int
    last: int


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
    """The largest sum of aligned block sizes that one layer needs."""
    change: dict[int, int] = {}
    for block in blocks:
        change[block.first] = change.get(block.first, 0) + align(block.bytes)
        change[block.last + 1] = change.get(block.last + 1, 0) - align(block.bytes)
    live = largest = 0
    for layer in sorted(change):
        live += change[layer]
        largest = max(largest, live)
    return largest


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
    for _ in range(min(_RANDOM_TRIES, _PAIR_BUDGET // max(len(blocks), 1) ** 2)):
        order = by_size.copy()
        for _ in range(1 + len(order) // 4):
            a, b = chance.randrange(len(order)), chance.randrange(len(order))
            order[a], order[b] = order[b], order[a]
        yield order, [chance.random() < 0.3 for _ in order]


def _place(
    blocks: Sequence[Block], order: Sequence[int], from_top: Sequence[bool], bound: int
) -> tuple[int, ...]:
    offsets = [-1] * len(blocks)
    for i in order:
        block = blocks[i]
        taken = sorted(
            (offsets[j], offsets[j] + align(other.bytes))
            for j, other in enumerate(blocks)
            if offsets[j] >= 0 and other.first <= block.last and block.first <= other.last
        )
        offsets[i] = _fit(align(block.bytes), taken, bound, from_top[i])
    return tuple(offsets)


def _fit(size: int, taken: Sequence[tuple[int, int]], bound: int, from_top: bool) -> int:
    """The lowest free place for `size` bytes, or the highest below `bound` where there is one."""
    gaps, end = [], 0
    for start, stop in taken:
        if start - end >= size:
            gaps.append((end, start))
        end = max(end, stop)
    if from_top:
        if bound - end >= size:
            return bound - size
        if gaps:
            return gaps[-1][1] - size
    return gaps[0][0] if gaps else end

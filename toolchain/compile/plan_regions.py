"""Spreads an arena over several memories: what is used most per byte goes to the first that has room."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from toolchain.compile.plan_memory import Block, Plan, first_fit, plan_memory
from toolchain.errors import DoesNotFitError


@dataclass(frozen=True, slots=True)
class Room:
    """A memory that has `bytes` for the arena."""

    name: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Spread:
    """The room of every block by its number, its offset there, and the bytes each room is filled to."""

    rooms: tuple[int, ...]
    offsets: tuple[int, ...]
    used: tuple[int, ...]


def spread(blocks: Sequence[Block], uses: Sequence[int], rooms: Sequence[Room], whole: Plan) -> Spread:
    """Place `blocks`; `rooms` are in order of preference, `uses` the accesses to each block.

    `whole` is the plan of all blocks in one memory, which is kept where the first room holds it.

    Raises:
        DoesNotFitError: no way was found to place them all.
    """
    if whole.arena_bytes <= rooms[0].bytes:
        used = (whole.arena_bytes, *(0 for _ in rooms[1:]))
        return Spread((0,) * len(blocks), whole.offsets, used)
    found = [s for order in _orders(blocks, uses) if (s := _in_order(blocks, order, rooms)) is not None]
    if not found:
        raise DoesNotFitError(
            f"The model's arena needs {whole.lower_bound_bytes:,} bytes at once, its largest tensor "
            f"{max(block.bytes for block in blocks):,}: they do not fit in "
            + ", ".join(f"the {room.bytes:,} of {room.name}" for room in rooms)
            + " together.",
            "Use a smaller model, or choose a board with more memory.",
        )
    # The first of the cheapest: an access costs as much as its room's rank.
    best = min(found, key=lambda s: sum(use * room for use, room in zip(uses, s.rooms, strict=True)))
    return _packed(blocks, best)


def _orders(blocks: Sequence[Block], uses: Sequence[int]) -> Iterable[list[int]]:
    """By accesses a byte, and, where that leaves no place for a large block, the largest first."""
    numbers = range(len(blocks))
    yield sorted(numbers, key=lambda i: (-uses[i] / max(blocks[i].bytes, 1), blocks[i].first, i))
    yield sorted(numbers, key=lambda i: (-uses[i], blocks[i].first, i))
    yield sorted(numbers, key=lambda i: (-blocks[i].bytes, blocks[i].first, i))


def _in_order(blocks: Sequence[Block], order: Sequence[int], rooms: Sequence[Room]) -> Spread | None:
    """Each block in the first room that still has a place for it; None where one finds none."""
    room_of, offset_of = [-1] * len(blocks), [-1] * len(blocks)
    used = [0] * len(rooms)
    for i in order:
        for number, room in enumerate(rooms):
            there = [(blocks[j], offset_of[j]) for j in order if room_of[j] == number]
            offset = first_fit(blocks[i], there)
            if offset + blocks[i].aligned_bytes <= room.bytes:
                room_of[i], offset_of[i] = number, offset
                used[number] = max(used[number], offset + blocks[i].aligned_bytes)
                break
        else:
            return None
    return Spread(tuple(room_of), tuple(offset_of), tuple(used))


def _packed(blocks: Sequence[Block], found: Spread) -> Spread:
    """The same blocks in the same rooms, each room planned on its own where that takes less."""
    for number, used in enumerate(found.used):
        numbers = [i for i, room in enumerate(found.rooms) if room == number]
        plan = plan_memory([blocks[i] for i in numbers])
        if plan.arena_bytes < used:
            offsets, all_used = list(found.offsets), list(found.used)
            for i, offset in zip(numbers, plan.offsets, strict=True):
                offsets[i] = offset
            all_used[number] = plan.arena_bytes
            found = replace(found, offsets=tuple(offsets), used=tuple(all_used))
    return found

"""Which tensors share memory: one name for another's bytes, parts of a whole, and results made in place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from toolchain.compile.lowering import Lowering, Part

# Keeps the longest chain a file may hold cheap; no real model comes near it.
_MOST_PAIRS = 1024

Lifetimes = Mapping[int, tuple[int, int]]
"""Per tensor, the first and the last layer that needs its bytes."""


@dataclass(frozen=True, slots=True, eq=False)
class Sharing:
    """Storages, each a mapping from its tensors to their byte offsets in it (the smallest is 0).

    `joined` are the parts that lie where their whole has them, so that nothing has to be copied.
    """

    storages: tuple[Mapping[int, int], ...]
    joined: frozenset[Part]


def share(
    lowerings: Sequence[Lowering],
    sizes: Mapping[int, int],
    lifetimes: Lifetimes,
    refused: frozenset[Part] = frozenset(),
) -> Sharing:
    """Join whatever may share memory, except the parts in `refused`.

    Two tensors whose bytes overlap in a storage either hold the same values there, or are never needed
    in the same layer (but for the one that computes the second in the place of the first).
    """
    storages = _Storages(sizes, lifetimes)
    joined = set()
    for lowering in lowerings:
        for output, source in lowering.alias:
            storages.join(output, source, 0)
        for call in lowering.calls:
            if call.copies is not None and call.copies not in refused and storages.join_part(call.copies):
                joined.add(call.copies)
    # Only now is it known which tensors hold the same values; no join above asked for lifetimes.
    for number, lowering in enumerate(lowerings):
        for output, source in lowering.in_place:
            if storages.may_be_made_in_place(output, source, number, lowering.in_place):
                storages.join(output, source, 0)
                break
    return Sharing(storages.all(), frozenset(joined))


class _Storages:
    """The storages while they grow together; offsets may be negative until they are done."""

    def __init__(self, sizes: Mapping[int, int], lifetimes: Lifetimes) -> None:
        self._sizes = sizes
        self._lifetimes = lifetimes
        self._of: dict[int, dict[int, int]] = {tensor: {tensor: 0} for tensor in lifetimes}

    def join(self, tensor: int, other: int, offset: int) -> None:
        """Make one storage of two, so that `tensor` starts `offset` bytes into `other`."""
        kept, gone = self._of[other], self._of[tensor]
        shift = kept[other] + offset - gone[tensor]
        if len(gone) > len(kept):
            kept, gone, shift = gone, kept, -shift
        for member, start in gone.items():
            kept[member] = start + shift
            self._of[member] = kept

    def join_part(self, part: Part) -> bool:
        """Put a part into its whole where both hold the same bytes; whether that could be done.

        What else lies in the part's storage must lie within the part: then it holds the same bytes as
        the part does, and nothing comes to lie on the rest of the whole.
        """
        if part.part not in self._of or part.whole not in self._of:
            return False
        storage = self._of[part.part]
        start = storage[part.part]
        end = start + self._sizes[part.part]
        if storage is self._of[part.whole] or any(
            at < start or at + self._sizes[member] > end for member, at in storage.items()
        ):
            return False
        self.join(part.part, part.whole, part.offset)
        return True

    def may_be_made_in_place(
        self, output: int, source: int, layer: int, allowed: Sequence[tuple[int, int]]
    ) -> bool:
        """Whether `output` can start where `source` does, so that nothing is overwritten while needed.

        `allowed` are the layer's pairs (output, input) whose kernel reads each value before it writes
        to its place; every input that would be overwritten has to be in such a pair, at the same start.
        """
        if source not in self._of or output not in self._of or self._of[source] is self._of[output]:
            return False
        if len(self._of[source]) * len(self._of[output]) > _MOST_PAIRS:
            return False
        shift = self._of[source][source] - self._of[output][output]
        for old, old_start in self._of[source].items():
            for new, start in self._of[output].items():
                new_start = start + shift
                if new_start >= old_start + self._sizes[old] or old_start >= new_start + self._sizes[new]:
                    continue
                replaced = new == output and (output, old) in allowed and new_start == old_start
                if not self._apart(old, new, layer if replaced else None):
                    return False
        return True

    def _apart(self, a: int, b: int, replaced_in: int | None) -> bool:
        """Whether two tensors are never needed at once, or the second replaces the first in that layer."""
        (a_first, a_last), (b_first, b_last) = self._lifetimes[a], self._lifetimes[b]
        return a_last < b_first or b_last < a_first or a_last == b_first == replaced_in

    def all(self) -> tuple[Mapping[int, int], ...]:
        """Every storage once, its offsets from 0."""
        distinct = {id(storage): storage for storage in self._of.values()}.values()
        return tuple(_from_zero(storage) for storage in distinct)


def _from_zero(storage: Mapping[int, int]) -> Mapping[int, int]:
    lowest = min(storage.values())
    return {tensor: start - lowest for tensor, start in storage.items()}

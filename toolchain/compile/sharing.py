"""Which tensors share memory: one name for another's bytes, parts of a whole, and results made in place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from toolchain.compile.lowering import Lowering, Overlap, Part

# Keep the longest chain a file may hold cheap; no real model comes near them.
_MOST_MEMBERS = 1024
_MOST_PAIRS = 4096

Join = Part | Overlap
"""What may share memory, or may be refused to."""

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
    refused: frozenset[Join] = frozenset(),
) -> Sharing:
    """Join whatever may share memory, except the parts and overlaps in `refused`.

    Two tensors whose bytes overlap in a storage either hold the same values there, or are never needed
    in the same layer (but for the one that computes the second in the place of the first).
    """
    replaces = {pair: 0 for lowering in lowerings for pair in lowering.in_place}
    replaces |= {(o.output, o.source): o.distance for o in overlaps_of(lowerings) if o not in refused}
    storages = _Storages(sizes, lifetimes, replaces)
    joined: set[Part] = set()
    for lowering in lowerings:
        for output, source in lowering.alias:
            storages.join(output, source, 0)
        for call in lowering.calls:
            if call.copies is not None and call.copies not in refused and storages.join_part(call.copies):
                joined.add(call.copies)
    # Only now is it known which tensors hold the same values; no join above asked for lifetimes.
    for lowering in lowerings:
        for output, source in (*lowering.in_place, *((o.output, o.source) for o in lowering.overlaps)):
            if (output, source) in replaces and storages.may_be_made_in_place(output, source):
                storages.join(output, source, -replaces[output, source])
                break
    return Sharing(storages.all(), frozenset(joined))


def overlaps_of(lowerings: Sequence[Lowering]) -> list[Overlap]:
    """What outputs may overlap their inputs, layer by layer."""
    return [overlap for lowering in lowerings for overlap in lowering.overlaps]


class _Storages:
    """The storages while they grow together; offsets may be negative until they are done."""

    def __init__(
        self, sizes: Mapping[int, int], lifetimes: Lifetimes, replaces: Mapping[tuple[int, int], int]
    ) -> None:
        """`replaces` says for a pair (output, input) at how many bytes before the input the output may begin:
        there its kernel reads each value before it writes."""
        self._sizes = sizes
        self._lifetimes = lifetimes
        self._replaces = replaces
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

    def may_be_made_in_place(self, output: int, source: int) -> bool:
        """Whether `output` can start its distance before `source`, so that nothing needed is overwritten."""
        if source not in self._of or output not in self._of or self._of[source] is self._of[output]:
            return False
        old, new = self._of[source], self._of[output]
        shift = old[source] - self._replaces[output, source] - new[output]
        if len(old) + len(new) > _MOST_MEMBERS:
            return False
        # Most of what was ever in the one storage is done with before anything in the other begins.
        begin = min(self._lifetimes[tensor][0] for tensor in new)
        late = [tensor for tensor in old if self._lifetimes[tensor][1] >= begin]
        return len(late) * len(new) <= _MOST_PAIRS and all(
            self._are_apart(a, b, new[b] + shift - old[a]) for a in late for b in new
        )

    def _are_apart(self, old: int, new: int, distance: int) -> bool:
        """Whether two tensors, the second `distance` bytes behind the first, never need one byte at once."""
        if distance >= self._sizes[old] or -distance >= self._sizes[new]:
            return True
        (old_first, old_last), (new_first, new_last) = self._lifetimes[old], self._lifetimes[new]
        if old_last < new_first or new_last < old_first:
            return True
        return old_last == new_first and self._replaces.get((new, old)) == -distance

    def all(self) -> tuple[Mapping[int, int], ...]:
        """Every storage once, its offsets from 0."""
        distinct = {id(storage): storage for storage in self._of.values()}.values()
        return tuple(_from_zero(storage) for storage in distinct)


def _from_zero(storage: Mapping[int, int]) -> Mapping[int, int]:
    lowest = min(storage.values())
    return {tensor: start - lowest for tensor, start in storage.items()}

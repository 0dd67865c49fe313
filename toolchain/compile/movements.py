"""Operators that only move values: the axes a copy runs over, joined, and the kernel call that makes it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from toolchain.compile.lowering import Parameters, Part, PendingCall, TensorPlace
from toolchain.vocabulary.graph import ITEM_BYTES, Tensor

# The copy kernels have this many nested loops.
MAX_AXES = 5


@dataclass(frozen=True, slots=True)
class Axis:
    """`extent` steps; each goes so many values ahead in the source, and in the target."""

    extent: int
    source: int
    target: int


def strides(shape: Sequence[int]) -> tuple[int, ...]:
    """How many values lie between neighbours along each axis."""
    return tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))


def joined(axes: Sequence[Axis]) -> tuple[Axis, ...]:
    """The same steps in as few axes as possible; the outer one first."""
    found: list[Axis] = []
    for axis in axes:
        if axis.extent == 1:
            continue
        outer = found[-1] if found else None
        if outer is not None and (outer.source, outer.target) == (
            axis.source * axis.extent,
            axis.target * axis.extent,
        ):
            found[-1] = Axis(outer.extent * axis.extent, axis.source, axis.target)
        else:
            found.append(axis)
    return tuple(found)


def copy(
    source: Tensor, target: Tensor, axes: Sequence[Axis], source_offset: int = 0, target_offset: int = 0
) -> PendingCall:
    """Copy values of any type along `axes` (in the target's order), from one offset to the other.

    Axes and offsets count values.  The kernels move bytes, so values of several get an axis of their own.
    Where they follow each other in both tensors and are all that one of the two holds, that tensor is a
    part of the other, and the call is not needed if they share memory.
    """
    # A variable's resource has no values of its own.
    size = max(ITEM_BYTES[source.dtype], ITEM_BYTES[target.dtype])
    found = joined([*(Axis(a.extent, a.source * size, a.target * size) for a in axes), Axis(size, 1, 1)])
    source_offset, target_offset = source_offset * size, target_offset * size
    places = TensorPlace(source.index, source_offset), TensorPlace(target.index, target_offset)
    if not found or (found[-1].source, found[-1].target) == (1, 1):
        run = found[-1].extent if found else 1
        parameters: Parameters = {**_loops(found[:-1], MAX_AXES - 1), "run": run}
        part = _part(source, target, run, source_offset, target_offset) if len(found) <= 1 else None
        return PendingCall("copy_s8", parameters, places, part)
    return PendingCall("strided_copy_s8", _loops(found, MAX_AXES), places)


def _loops(axes: Sequence[Axis], count: int) -> Parameters:
    """The loops of a kernel with `count` of them, never more by the operators' rules.

    Raises ValueError if they do.
    """
    if len(axes) > count:
        raise ValueError(f"{len(axes)} axes that do not join, for {count} loops")
    filled = (Axis(1, 0, 0),) * (count - len(axes)) + tuple(axes)
    return {
        "extent": tuple(axis.extent for axis in filled),
        "input_stride": tuple(axis.source for axis in filled),
        "output_stride": tuple(axis.target for axis in filled),
    }


def _part(source: Tensor, target: Tensor, run: int, source_offset: int, target_offset: int) -> Part | None:
    if run == target.bytes:
        return Part(target.index, source.index, source_offset)
    return Part(source.index, target.index, target_offset) if run == source.bytes else None

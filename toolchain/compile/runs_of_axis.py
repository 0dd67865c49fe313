"""One tensor that is cut along an axis, or put together from others along it.

CONCATENATION and PACK put together, SPLIT, SPLIT_V and UNPACK cut: for each index of the axes before,
the pieces' values follow each other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from toolchain.compile.layer_view import LayerView, values
from toolchain.compile.lowering import Lowering, PendingCall
from toolchain.compile.movements import Axis, copy
from toolchain.vocabulary.graph import Tensor


def lower_cut(whole: Tensor, pieces: Sequence[Tensor], axis: int) -> Lowering:
    """Copy every piece out of `whole`."""
    return _lower(whole, pieces, axis, cut=True)


def lower_put_together(whole: Tensor, pieces: Sequence[Tensor], axis: int) -> Lowering:
    """Copy every piece into `whole`."""
    return _lower(whole, pieces, axis, cut=False)


def _lower(whole: Tensor, pieces: Sequence[Tensor], axis: int, *, cut: bool) -> Lowering:
    outer, row = math.prod(whole.shape[:axis]), math.prod(whole.shape[axis:])
    calls: list[PendingCall] = []
    start = 0
    for piece in pieces:
        run = piece.elements // outer
        if cut:
            calls.append(copy(whole, piece, (Axis(outer, row, run), Axis(run, 1, 1)), start, 0))
        else:
            calls.append(copy(piece, whole, (Axis(outer, run, row), Axis(run, 1, 1)), 0, start))
        start += run
    return Lowering(tuple(calls))


def outputs(layer: LayerView) -> list[Tensor]:
    """All outputs of the layer."""
    return [layer.output(position) for position in range(len(layer.operator.outputs))]


def inputs(layer: LayerView) -> list[Tensor]:
    """All inputs of the layer, of which none is absent."""
    return [layer.input(position) for position in range(layer.input_count)]


def positive_axis(axis: int, rank: int) -> int | None:
    """`axis` counted from the front, or None where it lies outside `rank` axes."""
    return axis % rank if -rank <= axis < rank else None


def constant_axis(tensor: Tensor, rank: int) -> int | None:
    """The axis that an int32 constant of one value names, or None."""
    if not tensor.is_constant or tensor.dtype != "INT32" or tensor.elements != 1:
        return None
    return positive_axis(int(values(tensor).reshape(-1)[0]), rank)


def cut_along(whole: Tensor, pieces: Sequence[Tensor], axis: int) -> str | None:
    """Why `pieces` are not what `whole` consists of along `axis`, or None."""
    for piece in pieces:
        rest = piece.shape[:axis] + piece.shape[axis + 1 :]
        if len(piece.shape) != len(whole.shape) or rest != whole.shape[:axis] + whole.shape[axis + 1 :]:
            return f"the shapes {piece.shape} and {whole.shape} differ beyond axis {axis}"
    total = sum(piece.shape[axis] for piece in pieces)
    return None if total == whole.shape[axis] else f"{total} indices of axis {axis} of {whole.shape} are used"


def stacked_along(whole: Tensor, pieces: Sequence[Tensor], axis: int) -> str | None:
    """Why `pieces` are not the slices of `whole` at each index of `axis`, or None."""
    expected = whole.shape[:axis] + whole.shape[axis + 1 :]
    for piece in pieces:
        if piece.shape != expected:
            return f"{piece.name!r} has the shape {piece.shape}, where {expected} follows"
    count = len(pieces)
    return None if count == whole.shape[axis] else f"it has {count} slices of axis {axis} of {whole.shape}"

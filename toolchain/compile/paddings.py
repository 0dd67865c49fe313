"""What PAD and PADV2 have in common: everything but the value around the input."""

from __future__ import annotations

from dataclasses import dataclass

from toolchain.compile.layer_view import LayerView, values
from toolchain.compile.lowering import Lowering, Parameters, PendingCall, TensorPlace
from toolchain.compile.movements import MAX_AXES, Axis, copy
from toolchain.vocabulary.graph import ITEM_BYTES


@dataclass(frozen=True, slots=True)
class _PaddedAxis:
    before: int
    extent: int
    after: int

    @property
    def total(self) -> int:
        return self.before + self.extent + self.after


def constant_paddings(layer: LayerView) -> str | None:
    """Paddings are an int32 constant, a pair of numbers from 0 up for each of at most five axes."""
    paddings, rank = layer.input(1), len(layer.input().shape)
    if not paddings.is_constant or paddings.dtype != "INT32":
        return "its paddings are no int32 constant"
    if rank > MAX_AXES or paddings.elements != 2 * rank:
        return f"its paddings have {paddings.elements} values for {rank} axes"
    return "it has a negative padding" if int(values(paddings).min(initial=0)) < 0 else None


def padded_shape(layer: LayerView) -> str | None:
    """The output's shape is the input's and the paddings' sum."""
    expected = tuple(axis.total for axis in _axes(layer))
    actual = layer.output().shape
    return None if actual == expected else f"its output has the shape {actual}, where {expected} follows"


def _axes(layer: LayerView) -> list[_PaddedAxis]:
    pairs = values(layer.input(1)).reshape(-1, 2)
    return [
        _PaddedAxis(int(before), extent, int(after))
        for (before, after), extent in zip(pairs, layer.input().shape, strict=True)
    ]


def _joined(layer: LayerView) -> list[_PaddedAxis]:
    """The fewest axes, in bytes: one without padding of its own is part of the one around it."""
    found = [_PaddedAxis(0, 1, 0)]
    for axis in (*_axes(layer), _PaddedAxis(0, ITEM_BYTES[layer.input().dtype], 0)):
        if axis.before == axis.after == 0:
            outer, extent = found[-1], axis.extent
            found[-1] = _PaddedAxis(outer.before * extent, outer.extent * extent, outer.after * extent)
        elif found[-1] == _PaddedAxis(0, 1, 0):
            found[-1] = axis
        else:
            found.append(axis)
    return found


def lower_padding(layer: LayerView, value: int) -> Lowering:
    """One kernel call; missing axes lead with extent 1.  Without any padding it is a copy.

    `value` fills bytes, so it has to be 0 where values are wider.
    """
    joined = _joined(layer)
    if joined == [_PaddedAxis(0, layer.input().bytes, 0)]:
        return Lowering((copy(layer.input(), layer.output(), (Axis(layer.input().elements, 1, 1),)),))
    filled = [_PaddedAxis(0, 1, 0)] * (MAX_AXES - len(joined)) + joined
    parameters: Parameters = {
        "input_extent": tuple(axis.extent for axis in filled),
        "before": tuple(axis.before for axis in filled),
        "output_extent": tuple(axis.total for axis in filled),
        "value": value,
    }
    places = TensorPlace(layer.input().index), TensorPlace(layer.output().index)
    return Lowering((PendingCall("pad_s8", parameters, places),))

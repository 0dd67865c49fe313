"""STRIDED_SLICE: every n-th index of each axis, forwards or backwards."""

from __future__ import annotations

from toolchain.compile.layer_view import LayerView, values
from toolchain.compile.lowering import ConstantPool, Lowering, OperatorSupport
from toolchain.compile.movements import Axis, copy, strides
from toolchain.compile.rules import input_is_no_constant, inputs_and_outputs, int8_activations

# The reference's limit (`kMaxDim` in strided_slice_common.cc).
_MAX_RANK = 4


def constant_indices(layer: LayerView) -> str | None:
    """Begin, end and strides are int32 constants with one value for each of one to four axes."""
    rank = len(layer.input().shape)
    if not 1 <= rank <= _MAX_RANK:
        return f"its input has {rank} axes"
    for position, name in enumerate(("begin", "end", "strides"), start=1):
        tensor = layer.input(position)
        if not tensor.is_constant or tensor.dtype != "INT32" or tensor.shape != (rank,):
            return f"its {name} is no int32 constant of {rank} values"
    return "it has a stride of 0" if 0 in values(layer.input(3)) else None


def supported_masks(layer: LayerView) -> str | None:
    """begin_mask, end_mask and shrink_axis_mask are supported; ellipsis, new axis and offset are not."""
    for option in ("ellipsis_mask", "new_axis_mask"):
        if layer.integer(option) != 0:
            return f"its {option} is {layer.integer(option)}"
    return "its end counts from its begin" if layer.operator.options.get("offset", False) else None


def shrunk_axes(layer: LayerView) -> str | None:
    """An axis that is shrunk has a positive stride and an index within the input."""
    for axis, (extent, start, stride, _) in enumerate(_ranges(layer)):
        if _shrinks(layer, axis) and not (stride > 0 and start < extent):
            return f"index {start} of axis {axis} of {extent}, stride {stride}, is to stand alone"
    return None


def output_shape(layer: LayerView) -> str | None:
    """The output's shape follows from the indices."""
    expected = tuple(
        count for axis, (_, _, _, count) in enumerate(_ranges(layer)) if not _shrinks(layer, axis)
    )
    actual = layer.output().shape
    return None if actual == expected else f"its output has the shape {actual}, where {expected} follows"


def _shrinks(layer: LayerView, axis: int) -> bool:
    return bool(layer.integer("shrink_axis_mask") >> axis & 1)


def _ranges(layer: LayerView) -> list[tuple[int, int, int, int]]:
    """Extent, first index, stride and number of indices of each axis (`strided_slice_logic.h`)."""
    begin_mask, end_mask = layer.integer("begin_mask"), layer.integer("end_mask")
    found = []
    for axis, extent in enumerate(layer.input().shape):
        begin, end, stride = (int(values(layer.input(position))[axis]) for position in (1, 2, 3))
        # Backwards, one before the first index is where a range can end.
        low, high = (0, extent) if stride > 0 else (-1, extent - 1)
        start = min(max(begin + extent if begin < 0 else begin, low), high)
        stop = min(max(end + extent if end < 0 else end, low), high)
        if begin_mask >> axis & 1:
            start = 0 if stride > 0 else extent - 1
        if end_mask >> axis & 1:
            stop = extent if stride > 0 else -1
        if _shrinks(layer, axis):
            stop = start + 1
        found.append((extent, start, stride, max(0, -((start - stop) // stride))))
    return found


def lower(layer: LayerView, _: ConstantPool) -> Lowering:
    """One copy."""
    source, target, ranges = layer.input(), layer.output(), _ranges(layer)
    source_steps = strides(source.shape)
    target_steps = strides([count for *_, count in ranges])
    first = sum(start * step for (_, start, _, _), step in zip(ranges, source_steps, strict=True))
    axes = [
        Axis(count, stride * step, target_step)
        for (_, _, stride, count), step, target_step in zip(ranges, source_steps, target_steps, strict=True)
    ]
    return Lowering((copy(source, target, axes, first),))


STRIDED_SLICE = OperatorSupport(
    "STRIDED_SLICE",
    (
        inputs_and_outputs(4),
        int8_activations(),
        input_is_no_constant,
        constant_indices,
        supported_masks,
        shrunk_axes,
        output_shape,
    ),
    lower,
)

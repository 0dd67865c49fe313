"""SLICE: a box out of the input, without a copy where its values follow each other."""

from __future__ import annotations

from toolchain.compile.layer_view import LayerView, values
from toolchain.compile.lowering import ConstantPool, Lowering, OperatorSupport
from toolchain.compile.movements import Axis, copy, strides
from toolchain.compile.rules import input_is_no_constant, inputs_and_outputs, int8_activations

# The reference's limit (`kMaxDim` in slice.cc).
_MAX_RANK = 5


def constant_box(layer: LayerView) -> str | None:
    """Begin and size are int32 or int64 constants with one value for each of one to five axes."""
    rank = len(layer.input().shape)
    if not 1 <= rank <= _MAX_RANK:
        return f"its input has {rank} axes"
    for name, tensor in (("begin", layer.input(1)), ("size", layer.input(2))):
        if not tensor.is_constant or tensor.dtype not in ("INT32", "INT64") or tensor.shape != (rank,):
            return f"its {name} is no integer constant of {rank} values"
    return None if layer.input(1).dtype == layer.input(2).dtype else "its begin and size differ in type"


def box_in_range(layer: LayerView) -> str | None:
    """The box lies within the input (a size of -1 is all that is left) and has the output's shape."""
    expected = []
    for extent, begin, size in zip(
        layer.input().shape, values(layer.input(1)), values(layer.input(2)), strict=True
    ):
        if not (0 <= begin <= extent and -1 <= size <= extent - begin):
            return f"{size} indices from {begin} on of an axis of {extent}"
        expected.append(int(extent - begin if size == -1 else size))
    actual = layer.output().shape
    return None if actual == tuple(expected) else f"its output has the shape {actual}, not {tuple(expected)}"


def lower(layer: LayerView, _: ConstantPool) -> Lowering:
    """One copy."""
    source, target = layer.input(), layer.output()
    steps = strides(source.shape)
    start = sum(int(begin) * step for begin, step in zip(values(layer.input(1)), steps, strict=True))
    axes = [Axis(*axis) for axis in zip(target.shape, steps, strides(target.shape), strict=True)]
    return Lowering((copy(source, target, axes, start),))


SLICE = OperatorSupport(
    "SLICE",
    (inputs_and_outputs(3), int8_activations(), input_is_no_constant, constant_box, box_in_range),
    lower,
)

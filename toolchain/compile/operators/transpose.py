"""TRANSPOSE: the axes in another order; nothing runs where only axes of one index move."""

from __future__ import annotations

from toolchain.compile.layer_view import LayerView, values
from toolchain.compile.lowering import ConstantPool, Lowering, OperatorSupport
from toolchain.compile.movements import Axis, copy, strides
from toolchain.compile.rules import input_is_no_constant, inputs_and_outputs, int8_activations

# The reference's limit (`TransposePrepare`).
_MAX_RANK = 5


def constant_permutation(layer: LayerView) -> str | None:
    """The permutation is an int32 constant that names each of one to five axes once."""
    permutation, rank = layer.input(1), len(layer.input().shape)
    if not permutation.is_constant or permutation.dtype != "INT32" or len(permutation.shape) != 1:
        return "its permutation is no int32 constant"
    if not 1 <= rank <= _MAX_RANK or sorted(values(permutation).tolist()) != list(range(rank)):
        return f"its permutation is {values(permutation).tolist()} for {rank} axes"
    return None


def output_shape(layer: LayerView) -> str | None:
    """The output's shape is the input's, permuted."""
    expected = tuple(layer.input().shape[axis] for axis in values(layer.input(1)))
    actual = layer.output().shape
    return None if actual == expected else f"its output has the shape {actual}, where {expected} follows"


def lower(layer: LayerView, _: ConstantPool) -> Lowering:
    """One copy."""
    source, target = layer.input(), layer.output()
    steps = strides(source.shape)
    permuted = [steps[axis] for axis in values(layer.input(1))]
    axes = [Axis(*axis) for axis in zip(target.shape, permuted, strides(target.shape), strict=True)]
    return Lowering((copy(source, target, axes),))


TRANSPOSE = OperatorSupport(
    "TRANSPOSE",
    (inputs_and_outputs(2), int8_activations(), input_is_no_constant, constant_permutation, output_shape),
    lower,
)

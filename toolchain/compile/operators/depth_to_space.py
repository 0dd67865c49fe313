"""DEPTH_TO_SPACE: the channels of one pixel become a block of pixels."""

from __future__ import annotations

from toolchain.compile.layer_view import LayerView
from toolchain.compile.lowering import ConstantPool, Lowering, OperatorSupport
from toolchain.compile.movements import Axis, copy
from toolchain.compile.rules import (
    four_axes,
    input_is_no_constant,
    inputs_and_outputs,
    int8_activations,
)


def block_shape(layer: LayerView) -> str | None:
    """The block size is 1 or more, its square divides the channels; the output's shape follows from it."""
    block = layer.integer("block_size")
    batches, height, width, channels = layer.input().shape
    if block < 1 or channels % (block * block):
        return f"blocks of {block} from {layer.input().shape}"
    expected = (batches, height * block, width * block, channels // (block * block))
    actual = layer.output().shape
    return None if actual == expected else f"its output has the shape {actual}, where {expected} follows"


def lower(layer: LayerView, _: ConstantPool) -> Lowering:
    """One copy: from (row, column, both in the block) to (row, row in the block, column, column in it)."""
    block = layer.integer("block_size")
    batches, height, width, channels = layer.input().shape
    run = channels // block
    axes = (
        Axis(batches * height, width * channels, width * channels),
        Axis(block, run, width * run),
        Axis(width, channels, run),
        Axis(run, 1, 1),
    )
    return Lowering((copy(layer.input(), layer.output(), axes),))


DEPTH_TO_SPACE = OperatorSupport(
    "DEPTH_TO_SPACE",
    (inputs_and_outputs(1), int8_activations(), input_is_no_constant, four_axes, block_shape),
    lower,
)

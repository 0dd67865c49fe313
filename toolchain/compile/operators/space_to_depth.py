"""SPACE_TO_DEPTH: blocks of pixels become the channels of one pixel."""

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
    """The block size is 1 or more and divides height and width; the output's shape follows from it."""
    block = layer.integer("block_size")
    batches, height, width, channels = layer.input().shape
    if block < 1 or height % block or width % block:
        return f"blocks of {block} in {layer.input().shape}"
    expected = (batches, height // block, width // block, channels * block * block)
    actual = layer.output().shape
    return None if actual == expected else f"its output has the shape {actual}, where {expected} follows"


def lower(layer: LayerView, _: ConstantPool) -> Lowering:
    """One copy: from (row, row in the block, column, column in it) to (row, column, both in the block)."""
    block = layer.integer("block_size")
    batches, height, width, channels = layer.input().shape
    pixel = channels * block * block
    axes = (
        Axis(batches * height // block, width * channels * block, width // block * pixel),
        Axis(width // block, block * channels, pixel),
        Axis(block, width * channels, block * channels),
        Axis(block * channels, 1, 1),
    )
    return Lowering((copy(layer.input(), layer.output(), axes),))


SPACE_TO_DEPTH = OperatorSupport(
    "SPACE_TO_DEPTH",
    (inputs_and_outputs(1), int8_activations(), input_is_no_constant, four_axes, block_shape),
    lower,
)

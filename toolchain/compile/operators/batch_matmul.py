"""BATCH_MATMUL: matrices of two tensors, either transposed, the axes before them broadcast."""

from __future__ import annotations

import math

import numpy as np

from toolchain.compile.broadcast import not_all_constant
from toolchain.compile.layer_view import LayerView, quantisation, values
from toolchain.compile.lowering import (
    ConstantPool,
    Lowering,
    OperatorSupport,
    Parameters,
    PendingCall,
    TensorPlace,
)
from toolchain.compile.requantise import (
    INT32_MAX,
    MAX_LEFT_SHIFT,
    Multiplier,
    product_scale,
    quantise_multiplier,
)
from toolchain.compile.rules import inputs_and_outputs, int8_activations
from toolchain.vocabulary.program import ConstantRef

_BATCH_AXES = 3
# Two int8 values, less their zero points.
_LARGEST_PRODUCT = 255 * 255


def two_to_five_axes(layer: LayerView) -> str | None:
    """Both inputs have two to five axes, as in the reference."""
    for tensor in (layer.input(0), layer.input(1)):
        if not 2 <= len(tensor.shape) <= _BATCH_AXES + 2:
            return f"tensor {tensor.name!r} has {len(tensor.shape)} axes"
    return None


def matching_shapes(layer: LayerView) -> str | None:
    """Rows are as long as columns, the axes before them are equal or 1, and the output's shape follows."""
    a, b = _matrix(layer, 0), _matrix(layer, 1)
    if a[1] != b[0]:
        return f"rows of {a[1]} values meet columns of {b[0]}"
    first, second = _batches(layer, 0), _batches(layer, 1)
    if any(x not in (1, y) and y != 1 for x, y in zip(first, second, strict=True)):
        return f"the shapes {layer.input(0).shape} and {layer.input(1).shape} do not broadcast"
    rank = max(len(layer.input(0).shape), len(layer.input(1).shape))
    batches = [max(x, y) for x, y in zip(first, second, strict=True)][_BATCH_AXES + 2 - rank :]
    expected, actual = (*batches, a[0], b[1]), layer.output().shape
    return None if actual == expected else f"its output has the shape {actual}, where {expected} follows"


def accumulator_range(layer: LayerView) -> str | None:
    """No input can take the 32-bit accumulator over its limit: at most 33,025 products are summed."""
    depth = _matrix(layer, 0)[1]
    too_many = depth * _LARGEST_PRODUCT > INT32_MAX
    return f"its accumulator of {depth} products can exceed 32 bits" if too_many else None


def multiplier_range(layer: LayerView) -> str | None:
    """No rescaling by 2**30 or more: the reference's arithmetic is undefined there."""
    shift = _multiplier(layer).shift
    return f"its scales ask for a factor of 2**{shift - 1} or more" if shift > MAX_LEFT_SHIFT else None


def _adjoint(layer: LayerView, position: int) -> bool:
    return bool(layer.integer(("adj_x", "adj_y")[position]))


def _matrix(layer: LayerView, position: int) -> tuple[int, int]:
    """Rows and columns of an input's matrices as they are multiplied."""
    rows, columns = layer.input(position).shape[-2:]
    return (columns, rows) if _adjoint(layer, position) else (rows, columns)


def _batches(layer: LayerView, position: int) -> tuple[int, ...]:
    shape = layer.input(position).shape[:-2]
    return (1,) * (_BATCH_AXES - len(shape)) + shape


def _batch_strides(layer: LayerView, position: int) -> tuple[int, ...]:
    """How many values lie between the matrices along each axis; 0 where they are repeated."""
    extents, matrix = _batches(layer, position), math.prod(layer.input(position).shape[-2:])
    return tuple(
        0 if extent == 1 else math.prod(extents[axis + 1 :]) * matrix for axis, extent in enumerate(extents)
    )


def _multiplier(layer: LayerView) -> Multiplier:
    scales = [quantisation(tensor).scale for tensor in (layer.input(0), layer.input(1), layer.output())]
    return quantise_multiplier(product_scale(*scales))


def lower(layer: LayerView, pool: ConstantPool) -> Lowering:
    """One kernel call over strides; constant matrices on the right are kept by columns, as they are read."""
    (rows, depth), (_, columns) = _matrix(layer, 0), _matrix(layer, 1)
    right: TensorPlace | ConstantRef = TensorPlace(layer.input(1).index)
    by_columns = _adjoint(layer, 1)
    if layer.input(1).is_constant and not by_columns:
        matrices = values(layer.input(1)).swapaxes(-1, -2).astype(np.int8)
        symbol = f"{layer.operator.index}_weights"
        right = pool.add(symbol, "int8_t", matrices, role="weights", comment=f"{layer.name}, by columns")
        by_columns = True
    batches = zip(_batches(layer, 0), _batches(layer, 1), strict=True)
    multiplier = _multiplier(layer)
    parameters: Parameters = {
        "batches": tuple(max(pair) for pair in batches),
        "left_batch_stride": _batch_strides(layer, 0),
        "right_batch_stride": _batch_strides(layer, 1),
        "rows": rows,
        "depth": depth,
        "columns": columns,
        "left_row_stride": 1 if _adjoint(layer, 0) else depth,
        "left_depth_stride": rows if _adjoint(layer, 0) else 1,
        "right_depth_stride": 1 if by_columns else columns,
        "right_column_stride": depth if by_columns else 1,
        "left_zero_point": quantisation(layer.input(0)).zero_point,
        "right_zero_point": quantisation(layer.input(1)).zero_point,
        "output_zero_point": quantisation(layer.output()).zero_point,
        "multiplier": multiplier.value,
        "shift": multiplier.shift,
    }
    places = TensorPlace(layer.input(0).index), right, TensorPlace(layer.output().index)
    return Lowering(
        (PendingCall("batch_matmul_s8", parameters, places),), macs=layer.output().elements * depth
    )


BATCH_MATMUL = OperatorSupport(
    "BATCH_MATMUL",
    (
        inputs_and_outputs(2),
        int8_activations(0, 1),
        not_all_constant,
        two_to_five_axes,
        matching_shapes,
        accumulator_range,
        multiplier_range,
    ),
    lower,
)

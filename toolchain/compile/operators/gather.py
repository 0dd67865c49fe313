"""GATHER: the slices along an axis at given positions, a set of them for each batch."""

from __future__ import annotations

import math

from toolchain.compile.layer_view import LayerView, values
from toolchain.compile.lowering import (
    ConstantPool,
    Lowering,
    OperatorSupport,
    Parameters,
    PendingCall,
    TensorPlace,
)
from toolchain.compile.rules import MAX_ACTIVATION_VALUES, inputs_and_outputs, int8_activations


def int32_positions(layer: LayerView) -> str | None:
    """The positions are int32."""
    positions = layer.input(1)
    if positions.dtype != "INT32" or not 0 < positions.elements <= MAX_ACTIVATION_VALUES:
        return f"its positions are {positions.elements} values of type {positions.dtype}"
    return None


def axis_and_batches(layer: LayerView) -> str | None:
    """batch_dims is at most the axis and the positions' rank; these axes are the same in both inputs."""
    source, positions = layer.input().shape, layer.input(1).shape
    axis, batch_axes = _axis(layer), _batch_axes(layer)
    if not 0 <= batch_axes <= axis < len(source) or batch_axes > len(positions):
        return f"axis {layer.integer('axis')} of {source} with {layer.integer('batch_dims')} batch axes"
    if source[:batch_axes] != positions[:batch_axes]:
        return f"the batches of {source} and {positions} differ"
    return None


def positions_in_range(layer: LayerView) -> str | None:
    """The positions lie within the axis: constants, or made by an ARG_MAX over no more values than it has."""
    positions, extent = layer.input(1), layer.input().shape[_axis(layer)]
    if not positions.is_constant:
        largest = _largest_computed(layer)
        if largest is None or largest >= extent:
            return f"its positions {positions.name!r} may lie beyond an axis of {extent}"
        return None
    low, high = int(values(positions).min()), int(values(positions).max())
    return f"positions {low} to {high} of an axis of {extent}" if low < 0 or high >= extent else None


def _largest_computed(layer: LayerView) -> int | None:
    """The largest position that can be computed at run time, None where it is not known."""
    positions = layer.input(1).index
    for operator in layer.graph.operators:
        if positions in operator.outputs and operator.name == "ARG_MAX":
            maker = LayerView(layer.graph, operator)
            axes = maker.input(1)
            return maker.input().shape[int(values(axes).reshape(-1)[0])] - 1
    return None


def output_shape(layer: LayerView) -> str | None:
    """The output has the positions' axes in the place of the input's axis."""
    source, axis = layer.input().shape, _axis(layer)
    expected = source[:axis] + layer.input(1).shape[_batch_axes(layer) :] + source[axis + 1 :]
    actual = layer.output().shape
    return None if actual == expected else f"its output has the shape {actual}, where {expected} follows"


def _axis(layer: LayerView) -> int:
    axis = layer.integer("axis")
    return axis + len(layer.input().shape) if axis < 0 else axis


def _batch_axes(layer: LayerView) -> int:
    """Negative ones count from the positions' rank."""
    batch_axes = layer.integer("batch_dims")
    return batch_axes + len(layer.input(1).shape) if batch_axes < 0 else batch_axes


def lower(layer: LayerView, _: ConstantPool) -> Lowering:
    """One kernel call."""
    source, positions, axis, batch_axes = layer.input(), layer.input(1), _axis(layer), _batch_axes(layer)
    parameters: Parameters = {
        "batches": math.prod(source.shape[:batch_axes]),
        "outer": math.prod(source.shape[batch_axes:axis]),
        "positions": math.prod(positions.shape[batch_axes:]),
        "extent": source.shape[axis],
        "run": math.prod(source.shape[axis + 1 :]),
    }
    places = TensorPlace(source.index), TensorPlace(positions.index), TensorPlace(layer.output().index)
    return Lowering((PendingCall("gather_s8", parameters, places),))


GATHER = OperatorSupport(
    "GATHER",
    (
        inputs_and_outputs(2),
        int8_activations(),
        int32_positions,
        axis_and_batches,
        positions_in_range,
        output_shape,
    ),
    lower,
)

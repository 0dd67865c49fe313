"""RESIZE_NEAREST_NEIGHBOR: which input row and column each output pixel shows is decided at compile time."""

from __future__ import annotations

import numpy as np

from toolchain.compile.layer_view import LayerView
from toolchain.compile.lowering import (
    ConstantPool,
    Lowering,
    OperatorSupport,
    Parameters,
    PendingCall,
    TensorPlace,
)
from toolchain.compile.requantise import round_half_away
from toolchain.compile.resizing import boolean, constant_size
from toolchain.compile.rules import (
    four_axes,
    input_is_no_constant,
    inputs_and_outputs,
    int8_activations,
)


def _nearest(index: int, size: int, output_size: int, align_corners: bool, half_pixel_centers: bool) -> int:
    """`GetNearestNeighbor`: all of it in float32, as there."""
    if align_corners and output_size > 1:
        scale = np.float32(size - 1) / np.float32(output_size - 1)
    else:
        scale = np.float32(size) / np.float32(output_size)
    exact = (np.float32(index) + np.float32(0.5 if half_pixel_centers else 0.0)) * scale
    nearest = round_half_away(float(exact)) if align_corners else int(np.floor(exact))
    return min(nearest, size - 1)


def lower(layer: LayerView, pool: ConstantPool) -> Lowering:
    """One kernel call with a table of rows and one of columns."""
    batches, height, width, channels = layer.input().shape
    _, output_height, output_width, _ = layer.output().shape
    align, half = boolean(layer, "align_corners"), boolean(layer, "half_pixel_centers")
    tables = [
        pool.add(
            f"{layer.operator.index}_{name}",
            "int16_t",
            np.array([_nearest(i, size, output, align, half) for i in range(output)], np.int16),
            role="table",
            comment=f"{layer.name}, input {name} of each of the output's",
        )
        for name, size, output in (("rows", height, output_height), ("columns", width, output_width))
    ]
    parameters: Parameters = {
        "batches": batches,
        "input_height": height,
        "input_width": width,
        "channels": channels,
        "output_height": output_height,
        "output_width": output_width,
        "rows": tables[0],
        "columns": tables[1],
    }
    places = TensorPlace(layer.input().index), TensorPlace(layer.output().index)
    return Lowering((PendingCall("resize_nearest_neighbor_s8", parameters, places),))


RESIZE_NEAREST_NEIGHBOR = OperatorSupport(
    "RESIZE_NEAREST_NEIGHBOR",
    (inputs_and_outputs(2), int8_activations(), input_is_no_constant, four_axes, constant_size),
    lower,
)

"""RESIZE_BILINEAR in integers: positions and weights are multiples of 1/1024."""

from __future__ import annotations

from toolchain.compile.layer_view import LayerView
from toolchain.compile.lowering import (
    ConstantPool,
    Lowering,
    OperatorSupport,
    Parameters,
    PendingCall,
    TensorPlace,
)
from toolchain.compile.resizing import boolean, constant_size
from toolchain.compile.rules import (
    four_axes,
    input_is_no_constant,
    inputs_and_outputs,
    int8_activations,
)

_ONE = 1024


def one_alignment(layer: LayerView) -> str | None:
    """align_corners and half_pixel_centers exclude each other."""
    both = boolean(layer, "align_corners") and boolean(layer, "half_pixel_centers")
    return "it has both align_corners and half_pixel_centers" if both else None


def reads_inside(layer: LayerView) -> str | None:
    """No position lies a whole pixel beyond the last one, where the reference reads outside of the input."""
    for axis, (step, offset) in zip((1, 2), _steps(layer), strict=True):
        last = (layer.output().shape[axis] - 1) * step + offset
        if last >= layer.input().shape[axis] * _ONE:
            return f"its steps of {step}/{_ONE} pixels leave the input"
    return None


def _steps(layer: LayerView) -> tuple[tuple[int, int], tuple[int, int]]:
    """Step and offset along height and width (`ResizeBilinearInteger`)."""
    align, half = boolean(layer, "align_corners"), boolean(layer, "half_pixel_centers")

    def along(size: int, output: int) -> tuple[int, int]:
        gaps = 1 if align and output > 1 else 0
        step = (_ONE * (size - gaps) + (output - gaps) // 2) // (output - gaps)
        return step, step // 2 - _ONE // 2 if half else 0

    shapes = layer.input().shape, layer.output().shape
    return along(shapes[0][1], shapes[1][1]), along(shapes[0][2], shapes[1][2])


def lower(layer: LayerView, _: ConstantPool) -> Lowering:
    """One kernel call."""
    batches, height, width, channels = layer.input().shape
    output_height, output_width = layer.output().shape[1:3]
    rows, columns = _steps(layer)
    parameters: Parameters = {
        "batches": batches,
        "input_height": height,
        "input_width": width,
        "channels": channels,
        "output_height": output_height,
        "output_width": output_width,
        "row_step": rows[0],
        "row_offset": rows[1],
        "column_step": columns[0],
        "column_offset": columns[1],
    }
    places = TensorPlace(layer.input().index), TensorPlace(layer.output().index)
    return Lowering((PendingCall("resize_bilinear_s8", parameters, places),))


RESIZE_BILINEAR = OperatorSupport(
    "RESIZE_BILINEAR",
    (
        inputs_and_outputs(2),
        int8_activations(),
        input_is_no_constant,
        four_axes,
        constant_size,
        one_alignment,
        reads_inside,
    ),
    lower,
)

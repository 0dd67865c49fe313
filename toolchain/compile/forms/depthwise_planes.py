"""DEPTHWISE_CONV_2D of any filter and stride on cores with DSP: channel by channel, two taps at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from toolchain.compile.core_features import Target
from toolchain.compile.layer_view import LayerView, quantisation, values
from toolchain.compile.lowering import (
    Candidate,
    ConstantPool,
    KernelForm,
    Lowering,
    Parameters,
    PendingCall,
    ScratchPlace,
    TensorPlace,
)
from toolchain.compile.requantise_forms import AnySign, any_sign_form, sums_of
from toolchain.compile.weights import convolution_multipliers, folded_bias, output_stage
from toolchain.compile.windows import Window, convolution_windows

# Estimated cycles of a pair of taps, of a row of the filter, of an output, of a value of the plane.
_PAIR_CYCLES, _ROW_CYCLES, _OUTPUT_CYCLES, _VALUE_CYCLES = 6, 5, 35, 9


@dataclass(frozen=True, slots=True)
class _Axis:
    """Rows or columns: the window, the image's extent, and how far one step is in input and output."""

    window: Window
    extent: int
    input_step: int
    output_step: int

    @property
    def planned(self) -> int:
        """How many of them the windows reach over; the columns of a filter are rounded up to pairs."""
        return (self.window.output - 1) * self.window.stride + self.window.filter


def propose(layer: LayerView, target: Target) -> Candidate | str:
    """For one output a channel and no dilation."""
    refusal = _refusal(layer, target)
    if refusal is not None:
        return refusal
    filters = values(layer.input(1))
    rows = filters.reshape(-1, filters.shape[3]).T
    stage = _stage(layer, rows)
    if isinstance(stage, str):
        return stage
    down, across = _axes(layer)
    pairs = -(-across.window.filter // 2)
    outputs = layer.output().elements
    window = down.window.filter * (pairs * _PAIR_CYCLES + _ROW_CYCLES)
    plane = down.planned * across.planned * _VALUE_CYCLES
    cycles = outputs * (window + _OUTPUT_CYCLES) + layer.input().shape[0] * filters.shape[3] * plane
    why = "outputs of any sign, the reference's two roundings without overflow"
    found = stage
    return Candidate(cycles, why, lambda pool: _lower(layer, found, pool))


def _refusal(layer: LayerView, target: Target) -> str | None:
    height, width = convolution_windows(layer)
    reasons = {
        "the core has no DSP instructions": "dsp" not in target.features,
        "it takes more code": target.optimise_for == "size",
        "activations are int16": layer.output().dtype != "INT8",
        "it is dilated": (height.dilation, width.dilation) != (1, 1),
        "it has several outputs a channel": layer.integer("depth_multiplier") != 1,
    }
    return next((reason for reason, applies in reasons.items() if applies), None)


def _stage(layer: LayerView, rows: npt.NDArray[np.int64]) -> AnySign | str:
    limits = output_stage(layer)
    zero_point, low, high = (limits[key] for key in ("output_zero_point", "activation_min", "activation_max"))
    assert isinstance(zero_point, int)
    assert isinstance(low, int)
    assert isinstance(high, int)
    sums = sums_of(rows, folded_bias(layer, rows))
    return any_sign_form(sums, convolution_multipliers(layer), zero_point, low, high)


def _axes(layer: LayerView) -> tuple[_Axis, _Axis]:
    """Rows and columns as the kernel has them: columns are the axis that the filter is longer in."""
    height, width = convolution_windows(layer)
    _, rows, columns, channels = layer.input().shape
    down = _Axis(height, rows, columns * channels, width.output * channels)
    across = _Axis(width, columns, channels, channels)
    return (across, down) if height.filter > width.filter else (down, across)


def _lower(layer: LayerView, stage: AnySign, pool: ConstantPool) -> Lowering:
    down, across = _axes(layer)
    source, output = layer.input(), layer.output()
    pairs = -(-across.window.filter // 2)
    # The last pair may reach one value beyond the last window.
    columns = across.planned + across.window.filter % 2
    parameters: Parameters = {
        "batches": source.shape[0],
        "channels": source.shape[3],
        "input_values": source.elements // source.shape[0],
        "output_values": output.elements // output.shape[0],
        "input_rows": down.extent,
        "input_columns": across.extent,
        "input_row_step": down.input_step,
        "input_column_step": across.input_step,
        "output_rows": down.window.output,
        "output_columns": across.window.output,
        "output_row_step": down.output_step,
        "output_column_step": across.output_step,
        "filter_rows": down.window.filter,
        "filter_pairs": pairs,
        "row_stride": down.window.stride,
        "column_stride": across.window.stride,
        "rows_before": down.window.before,
        "columns_before": across.window.before,
        "plane_rows": down.planned,
        "plane_columns": columns,
        "input_zero_point": quantisation(source).zero_point,
        "activation_min": stage.minimum,
        "activation_max": stage.maximum,
        **_constants(layer, stage, pool),
    }
    weights_bytes = 4 * down.window.filter * pairs
    scratch = ScratchPlace(c_type="uint32_t"), ScratchPlace(weights_bytes, "int16_t")
    places = TensorPlace(source.index), TensorPlace(output.index), *scratch
    return Lowering(
        (PendingCall("depthwise_s8_dsp", parameters, places),),
        output.elements * down.window.filter * across.window.filter,
        scratch_bytes=weights_bytes + 2 * down.planned * columns,
        # A channel is read into its plane before any of its outputs is written.
        in_place=((output.index, source.index),) if source.shape == output.shape else (),
    )


def _constants(layer: LayerView, stage: AnySign, pool: ConstantPool) -> Parameters:
    number, name = layer.operator.index, layer.name
    height, width = convolution_windows(layer)
    filters = np.where(stage.live, values(layer.input(1))[0], 0)
    # (height, width, channel) to (channel, the kernel's rows, its columns).
    ordered = filters.transpose(2, 1, 0) if height.filter > width.filter else filters.transpose(2, 0, 1)
    packed = np.pad(ordered, ((0, 0), (0, 0), (0, ordered.shape[2] % 2)))
    table = np.stack([stage.multiplier, stage.rounding, stage.shift], axis=1)
    return {
        "weights": pool.add(
            f"{number}_weights",
            "int8_t",
            packed.astype(np.int8),
            role="weights",
            comment=f"{name}, channel by channel",
        ),
        "bias": pool.add(
            f"{number}_bias",
            "int32_t",
            stage.bias.astype(np.int32),
            role="weights",
            comment=f"{name}, twice, zero point folded in",
        ),
        "table": pool.add(
            f"{number}_stage", "int32_t", table.astype(np.int32), role="table", comment=f"{name}, any sign"
        ),
    }


DEPTHWISE_BY_PLANES = KernelForm("any filter by planes", propose)

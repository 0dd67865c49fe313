"""Rows times a matrix on cores with DSP, two rows and four outputs at a time."""

from __future__ import annotations

from toolchain.compile.byte_pairs import BytePairs, byte_pairs, pair_constants, pair_cycles
from toolchain.compile.core_features import Target
from toolchain.compile.layer_view import LayerView, values
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
from toolchain.compile.weights import convolution_multipliers
from toolchain.compile.windows import convolution_windows

_WIDENING_CYCLES = 14  # a group of two rows


def propose_for_conv_2d(layer: LayerView, target: Target) -> Candidate | str:
    """For a CONV_2D with a 1x1 filter at stride 1."""
    filters = values(layer.input(1))
    height, width = convolution_windows(layer)
    if not height.filter == width.filter == height.stride == width.stride == 1:
        return "its filter is not 1x1 at stride 1"
    if layer.input().shape[3] != filters.shape[3]:
        return "it has groups"
    found = byte_pairs(layer, target, convolution_multipliers(layer), filters.reshape(filters.shape[0], -1))
    return found if isinstance(found, str) else _candidate(layer, found)


def propose_for_fully_connected(layer: LayerView, target: Target) -> Candidate | str:
    """For a FULLY_CONNECTED over several rows."""
    weights = values(layer.input(1))
    if layer.output().elements == len(weights):
        return "it has one row"
    found = byte_pairs(layer, target, convolution_multipliers(layer), weights)
    return found if isinstance(found, str) else _candidate(layer, found)


def _candidate(layer: LayerView, pairs: BytePairs) -> Candidate:
    outputs, inputs = pairs.rows.shape
    rows = layer.output().elements // outputs
    cycles = pair_cycles(rows, pairs.groups, pairs.blocks) + -(-rows // 2) * pairs.groups * _WIDENING_CYCLES

    def lower(pool: ConstantPool) -> Lowering:
        parameters: Parameters = {
            "rows": rows,
            "input_channels": inputs,
            "output_channels": outputs,
            **pair_constants(layer, pool, pairs),
        }
        places = TensorPlace(layer.input().index), TensorPlace(layer.output().index)
        call = PendingCall("pointwise_s8_dsp", parameters, (*places, ScratchPlace(c_type="uint32_t")))
        return Lowering((call,), layer.output().elements * inputs, scratch_bytes=16 * pairs.groups)

    return Candidate(cycles, pairs.why, lower)


CONV_2D_POINTWISE_BYTE_PAIRS = KernelForm("pointwise byte pairs", propose_for_conv_2d)
FULLY_CONNECTED_ROWS_BYTE_PAIRS = KernelForm("byte pairs, rows by two", propose_for_fully_connected)

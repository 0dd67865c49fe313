"""FULLY_CONNECTED of one row on cores with DSP, four outputs at a time; a short row is widened first.

A row that is widened first costs two bytes of scratch an input, and saves one instruction in eight.
"""

from __future__ import annotations

from dataclasses import replace

from toolchain.compile.byte_pairs import BytePairs, byte_pairs, padded, pair_constants
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

# What the kernels take at once.
_TAPS = 8
# Scratch lies beside input and output, so a long row would raise the arena by more than it is worth.
_MOST_SCRATCH = 512
# Of a group of four taps and four outputs, and of four outputs, counted in the loops.
_WIDENED_CYCLES, _BYTES_CYCLES, _OUTPUTS_CYCLES, _WIDENING_CYCLES = 20.0, 22.0, 55.0, 7.0
_WIDENED_INSTRUCTIONS, _BYTES_INSTRUCTIONS, _OUTPUTS_INSTRUCTIONS = 14.0, 17.5, 40.0


def propose_widened(layer: LayerView, target: Target) -> Candidate | str:
    """Widened first."""
    pairs = _pairs(layer, target)
    if isinstance(pairs, str):
        return pairs
    scratch = 8 * pairs.groups
    if scratch > _MOST_SCRATCH:
        return f"its row would take {scratch} bytes of scratch"
    cycles = pairs.blocks * (pairs.groups * _WIDENED_CYCLES + _OUTPUTS_CYCLES)
    return Candidate(
        cycles + pairs.groups * _WIDENING_CYCLES,
        pairs.why,
        lambda pool: _lower(layer, pairs, pool, "fully_connected_widened_s8_dsp", scratch),
        instructions=pairs.blocks * (pairs.groups * _WIDENED_INSTRUCTIONS + _OUTPUTS_INSTRUCTIONS),
    )


def propose(layer: LayerView, target: Target) -> Candidate | str:
    """Widened as it is read."""
    pairs = _pairs(layer, target)
    if isinstance(pairs, str):
        return pairs
    return Candidate(
        pairs.blocks * (pairs.groups * _BYTES_CYCLES + _OUTPUTS_CYCLES),
        pairs.why,
        lambda pool: _lower(layer, pairs, pool, "fully_connected_s8_dsp", 0),
        instructions=pairs.blocks * (pairs.groups * _BYTES_INSTRUCTIONS + _OUTPUTS_INSTRUCTIONS),
    )


def _pairs(layer: LayerView, target: Target) -> BytePairs | str:
    weights = values(layer.input(1))
    if layer.output().elements != len(weights):
        return "it has several rows"
    found = byte_pairs(layer, target, convolution_multipliers(layer), weights)
    return found if isinstance(found, str) else replace(found, rows=padded(found.rows, _TAPS, axis=1))


def _lower(layer: LayerView, pairs: BytePairs, pool: ConstantPool, kernel: str, scratch: int) -> Lowering:
    outputs, inputs = layer.input(1).shape
    parameters: Parameters = {
        "input_channels": inputs,
        "output_channels": outputs,
        **pair_constants(layer, pool, pairs),
    }
    places = TensorPlace(layer.input().index), TensorPlace(layer.output().index)
    row = (ScratchPlace(c_type="uint32_t"),) if scratch else ()
    call = PendingCall(kernel, parameters, (*places, *row))
    return Lowering((call,), outputs * inputs, scratch_bytes=scratch)


FULLY_CONNECTED_WIDENED_BYTE_PAIRS = KernelForm(
    "byte pairs, row widened first", propose_widened, "fully_connected_widened_s8_dsp", code_bytes=1000
)
FULLY_CONNECTED_BYTE_PAIRS = KernelForm(
    "byte pairs, one row", propose, "fully_connected_s8_dsp", code_bytes=780
)

"""FULLY_CONNECTED of one row on cores with DSP, over the inputs that a block of four outputs reads."""

from __future__ import annotations

from toolchain.compile.byte_pairs import BytePairs, byte_pairs, stage_constants
from toolchain.compile.core_features import Target
from toolchain.compile.layer_view import LayerView, values
from toolchain.compile.lowering import (
    Candidate,
    ConstantPool,
    KernelForm,
    Lowering,
    Parameters,
    PendingCall,
    TensorPlace,
)
from toolchain.compile.sparse_blocks import (
    LEAST_ZEROS,
    SparseBlocks,
    block_constants,
    sparse_blocks,
    zero_blocks,
)
from toolchain.compile.weights import convolution_multipliers

# Counted in the kernel: (cycles, instructions) of a unit, of a run of a block, and of a block.
_UNIT, _RUN, _BLOCK = (30.0, 27.3), (20.0, 14.0), (86.0, 60.0)


def propose(layer: LayerView, target: Target) -> Candidate | str:
    """For one row."""
    rows = values(layer.input(1))
    if layer.output().elements != len(rows):
        return "it has several rows"
    if zero_blocks(rows) < LEAST_ZEROS:
        return "few of its blocks of four weights are zero"
    pairs = byte_pairs(layer, target, convolution_multipliers(layer), rows)
    if isinstance(pairs, str):
        return pairs
    blocks, proven = sparse_blocks(pairs.rows), pairs
    if blocks.bytes >= rows.size:
        return "what places its weights takes more than its zeros"
    cycles, instructions = (
        blocks.units * _UNIT[kind] + blocks.blocks * (_BLOCK[kind] + blocks.runs * _RUN[kind])
        for kind in (0, 1)
    )
    return Candidate(
        cycles,
        f"{blocks.zeros:.0%} of its blocks of four weights are zero; {pairs.why}",
        lambda pool: _lower(layer, proven, blocks, pool),
        instructions=instructions,
        more_flash=blocks.bytes - rows.size,
    )


def _lower(layer: LayerView, pairs: BytePairs, blocks: SparseBlocks, pool: ConstantPool) -> Lowering:
    outputs, inputs = layer.input(1).shape
    parameters: Parameters = {
        "output_channels": outputs,
        **block_constants(layer, pool, blocks),
        **stage_constants(layer, pool, pairs.stage, range(outputs)),
    }
    places = TensorPlace(layer.input().index), TensorPlace(layer.output().index)
    call = PendingCall("fully_connected_sparse_blocks_s8_dsp", parameters, places)
    return Lowering((call,), outputs * inputs)


FULLY_CONNECTED_SPARSE_BLOCKS = KernelForm(
    "sparse blocks, one row", propose, "fully_connected_sparse_blocks_s8_dsp", code_bytes=800
)

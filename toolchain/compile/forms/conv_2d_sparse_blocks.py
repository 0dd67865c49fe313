"""CONV_2D on cores with DSP, over the taps that a block of four channels has weights for that are not zero.

FULLY_CONNECTED over several rows is a convolution with a filter of one tap, each row a pixel.
"""

from __future__ import annotations

from toolchain.compile.byte_pairs import (
    BLOCK_CHANNELS,
    BytePairs,
    byte_pairs,
    overlapping,
    stage_constants,
)
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
from toolchain.compile.sparse_blocks import (
    LEAST_ZEROS,
    SparseBlocks,
    block_constants,
    sparse_blocks,
    zero_blocks,
)
from toolchain.compile.sparse_convolution import (
    Walk,
    walk_of_conv_2d,
    walk_of_rows,
    walk_overlaps,
    walk_parameters,
)
from toolchain.compile.weights import convolution_multipliers

_KERNEL, _CODE_BYTES = "conv_2d_sparse_blocks_s8_dsp", 2300
_AT_ONCE = 2
# Of two pixels, counted in the kernel, cycles and instructions: of a unit of four taps, of a run of a block,
# of a block, of a tap widened for both (and for each by itself), of a row of the filter, of the pixels.
_UNIT, _RUN, _BLOCK = (43.0, 38.0), (20.0, 15.0), (117.0, 95.0)
_TAP, _TAP_ALONE, _ROW, _PIXELS = (5.5, 4.0), (12.0, 9.5), (30.0, 22.0), (300.0, 190.0)


def propose_for_conv_2d(layer: LayerView, target: Target) -> Candidate | str:
    """For any CONV_2D of one group whose filter's columns are neighbours."""
    return _candidate(layer, target, walk_of_conv_2d(layer))


def propose_for_fully_connected(layer: LayerView, target: Target) -> Candidate | str:
    """For a FULLY_CONNECTED over several rows."""
    return _candidate(layer, target, walk_of_rows(layer))


def _candidate(layer: LayerView, target: Target, walk: Walk | str) -> Candidate | str:
    if isinstance(walk, str):
        return walk
    rows = values(layer.input(1)).reshape(layer.input(1).shape[0], -1)
    if len(rows) < BLOCK_CHANNELS:
        return "it has fewer than four outputs"
    order = list(overlapping(len(rows)))
    if zero_blocks(rows[order]) < LEAST_ZEROS:
        return "few of its blocks of four weights are zero"
    pairs = byte_pairs(layer, target, convolution_multipliers(layer), rows)
    if isinstance(pairs, str):
        return pairs
    blocks, way, proven = sparse_blocks(pairs.rows[order]), walk, pairs
    if blocks.bytes >= rows.size:
        return "what places its weights takes more than its zeros"
    cycles, instructions = (_cost(blocks, way, kind) for kind in (0, 1))
    return Candidate(
        cycles,
        f"{blocks.zeros:.0%} of its blocks of four weights are zero; {pairs.why}",
        lambda pool: _lower(layer, proven, blocks, way, pool),
        instructions=instructions,
        more_flash=blocks.bytes - rows.size,
    )


def _cost(blocks: SparseBlocks, walk: Walk, kind: int) -> float:
    """Estimated cycles (0) or instructions (1)."""
    alone = walk.share_alone(_AT_ONCE)
    seen = walk.taps * ((1 - alone) * _TAP[kind] + alone * _TAP_ALONE[kind])
    seen += walk.height.filter * (1 + alone) * _ROW[kind] + _PIXELS[kind]
    computed = blocks.blocks * (_BLOCK[kind] + blocks.runs * _RUN[kind]) + blocks.units * _UNIT[kind]
    return -(-walk.pixels // _AT_ONCE) * (seen + computed)


def _lower(
    layer: LayerView, pairs: BytePairs, blocks: SparseBlocks, walk: Walk, pool: ConstantPool
) -> Lowering:
    outputs = len(pairs.rows)
    parameters: Parameters = {
        **walk_parameters(layer, walk, outputs),
        **block_constants(layer, pool, blocks),
        **stage_constants(layer, pool, pairs.stage, overlapping(outputs)),
    }
    places = TensorPlace(layer.input().index), TensorPlace(layer.output().index)
    call = PendingCall(_KERNEL, parameters, (*places, ScratchPlace(c_type="uint32_t")))
    macs = layer.output().elements * walk.taps
    return Lowering((call,), macs, scratch_bytes=4 * walk.taps, overlaps=walk_overlaps(layer))


CONV_2D_SPARSE_BLOCKS = KernelForm("sparse blocks", propose_for_conv_2d, _KERNEL, _CODE_BYTES)
FULLY_CONNECTED_ROWS_SPARSE_BLOCKS = KernelForm(
    "sparse blocks, rows by two", propose_for_fully_connected, _KERNEL, _CODE_BYTES
)

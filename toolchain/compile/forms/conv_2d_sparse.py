"""CONV_2D on cores with DSP, weight by weight that is not zero, each for four pixels.

FULLY_CONNECTED over several rows is a convolution with a filter of one tap, each row a pixel.
"""

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
    ScratchPlace,
    TensorPlace,
)
from toolchain.compile.requantise_forms import AnySign
from toolchain.compile.sparse_convolution import (
    Walk,
    walk_of_conv_2d,
    walk_of_rows,
    walk_overlaps,
    walk_parameters,
)
from toolchain.compile.sparse_weights import (
    LEAST_ZEROS,
    SparseWeights,
    sparse_weights,
    weight_constants,
    zero_weights,
)
from toolchain.compile.weights import convolution_multipliers

_KERNEL, _CODE_BYTES = "conv_2d_sparse_s8_dsp", 2000
_AT_ONCE = 4
# Of four pixels, counted in the kernel, cycles and instructions: of two weights, of a run of a channel, of a
# channel (and of one of any sign more), of a tap laid out for all (and for each by itself), of a row of the
# filter, of the pixels.
_PAIR, _RUN, _CHANNEL = (21.6, 19.6), (14.0, 10.0), (88.0, 70.0)
_ANY_SIGN = 35.0, 25.0
_TAP, _TAP_ALONE, _ROW, _PIXELS = (8.0, 6.0), (19.5, 15.0), (60.0, 40.0), (200.0, 130.0)


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
    if zero_weights(rows) < LEAST_ZEROS:
        return "few of its weights are zero"
    pairs = byte_pairs(layer, target, convolution_multipliers(layer), rows)
    if isinstance(pairs, str):
        return pairs
    weights, way, proven = sparse_weights(pairs.rows), walk, pairs
    if weights.bytes >= rows.size:
        return "what places its weights takes more than its zeros"
    cycles, instructions = (_cost(proven, weights, way, kind) for kind in (0, 1))
    return Candidate(
        cycles,
        f"{weights.zeros:.0%} of its weights are zero; {pairs.why}",
        lambda pool: _lower(layer, proven, weights, way, pool),
        instructions=instructions,
        more_flash=weights.bytes - rows.size,
    )


def _cost(pairs: BytePairs, weights: SparseWeights, walk: Walk, kind: int) -> float:
    """Estimated cycles (0) or instructions (1)."""
    alone = walk.share_alone(_AT_ONCE)
    seen = walk.taps * ((1 - alone) * _TAP[kind] + alone * _TAP_ALONE[kind])
    seen += walk.height.filter * (1 + 3 * alone) * _ROW[kind] + _PIXELS[kind]
    channel = _CHANNEL[kind] + weights.runs * _RUN[kind]
    channel += _ANY_SIGN[kind] if isinstance(pairs.stage, AnySign) else 0
    computed = weights.channels * channel + weights.pairs * _PAIR[kind]
    return -(-walk.pixels // _AT_ONCE) * (seen + computed)


def _lower(
    layer: LayerView, pairs: BytePairs, weights: SparseWeights, walk: Walk, pool: ConstantPool
) -> Lowering:
    outputs = len(pairs.rows)
    parameters: Parameters = {
        **walk_parameters(layer, walk, outputs),
        **weight_constants(layer, pool, weights),
        **stage_constants(layer, pool, pairs.stage, range(outputs)),
    }
    places = TensorPlace(layer.input().index), TensorPlace(layer.output().index)
    call = PendingCall(_KERNEL, parameters, (*places, ScratchPlace(c_type="uint32_t")))
    macs = layer.output().elements * walk.taps
    return Lowering((call,), macs, scratch_bytes=4 * walk.taps, overlaps=walk_overlaps(layer))


CONV_2D_SPARSE = KernelForm("sparse weights", propose_for_conv_2d, _KERNEL, _CODE_BYTES)
FULLY_CONNECTED_ROWS_SPARSE = KernelForm(
    "sparse weights, rows by four", propose_for_fully_connected, _KERNEL, _CODE_BYTES
)

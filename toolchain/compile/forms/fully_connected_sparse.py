"""FULLY_CONNECTED of one row on cores with DSP, weight by weight that is not zero."""

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
from toolchain.compile.sparse_weights import (
    LEAST_ZEROS,
    SparseWeights,
    sparse_weights,
    weight_constants,
    zero_weights,
)
from toolchain.compile.weights import convolution_multipliers

# Counted in the kernel, cycles and instructions: of two weights, of a run of an output, and of an output.
_PAIR, _RUN, _OUTPUT = (11.4, 9.43), (15.0, 11.9), (38.5, 25.0)


def propose(layer: LayerView, target: Target) -> Candidate | str:
    """For one row."""
    rows = values(layer.input(1))
    if layer.output().elements != len(rows):
        return "it has several rows"
    if zero_weights(rows) < LEAST_ZEROS:
        return "few of its weights are zero"
    pairs = byte_pairs(layer, target, convolution_multipliers(layer), rows)
    if isinstance(pairs, str):
        return pairs
    weights, proven = sparse_weights(pairs.rows), pairs
    if weights.bytes >= rows.size:
        return "what places its weights takes more than its zeros"
    cycles, instructions = (
        weights.pairs * _PAIR[kind] + weights.channels * (_OUTPUT[kind] + weights.runs * _RUN[kind])
        for kind in (0, 1)
    )
    return Candidate(
        cycles,
        f"{weights.zeros:.0%} of its weights are zero; {pairs.why}",
        lambda pool: _lower(layer, proven, weights, pool),
        instructions=instructions,
        more_flash=weights.bytes - rows.size,
    )


def _lower(layer: LayerView, pairs: BytePairs, weights: SparseWeights, pool: ConstantPool) -> Lowering:
    outputs, inputs = layer.input(1).shape
    parameters: Parameters = {
        "output_channels": outputs,
        **weight_constants(layer, pool, weights),
        **stage_constants(layer, pool, pairs.stage, range(outputs)),
    }
    places = TensorPlace(layer.input().index), TensorPlace(layer.output().index)
    call = PendingCall("fully_connected_sparse_s8_dsp", parameters, places)
    return Lowering((call,), outputs * inputs)


FULLY_CONNECTED_SPARSE = KernelForm(
    "sparse weights, one row", propose, "fully_connected_sparse_s8_dsp", code_bytes=320
)

"""CONV_2D and FULLY_CONNECTED on cores without DSP, weight by weight that is not zero, each for four pixels.

FULLY_CONNECTED is a convolution with a filter of one tap, each row a pixel.
"""

from __future__ import annotations

import numpy as np

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
from toolchain.compile.overlaps import overlap
from toolchain.compile.requantise_forms import sums_of
from toolchain.compile.short_stage import ShortStage, refusal, short_stage
from toolchain.compile.sparse_convolution import Walk, walk_of_conv_2d, walk_of_rows, walk_parameters
from toolchain.compile.sparse_weights import (
    LEAST_ZEROS,
    SparseWeights,
    sparse_weights,
    weight_constants,
    zero_weights,
)
from toolchain.compile.weights import convolution_multipliers, folded_bias
from toolchain.compile.windows import convolution_windows

_KERNEL, _CODE_BYTES = "conv_2d_sparse_s8", 1900
_AT_ONCE = 4
# Estimated cycles, with a product.s upper half and without: of two weights for four pixels and for one, of
# a run of a channel, of its outputs of four pixels and of one, and of a value that is laid out.
_FOUR, _ONE, _RUN = (40.0, 62.0), (22.0, 24.0), (30.0, 40.0)
_FOUR_OUTPUTS, _OUTPUT, _VALUE = (85.0, 150.0), (50.0, 70.0), (3.0, 3.0)


def propose_for_conv_2d(layer: LayerView, target: Target) -> Candidate | str:
    """For any CONV_2D of one group whose filter's columns are neighbours."""
    return _candidate(layer, target, walk_of_conv_2d(layer))


def propose_for_fully_connected(layer: LayerView, target: Target) -> Candidate | str:
    """For any FULLY_CONNECTED."""
    return _candidate(layer, target, walk_of_rows(layer, least=1))


def _candidate(layer: LayerView, target: Target, walk: Walk | str) -> Candidate | str:
    refused = refusal(layer, target)
    if refused is not None or isinstance(walk, str):
        return refused or str(walk)
    if target.optimise_for == "ram":
        return "its four pixels take more of the arena"
    rows = values(layer.input(1)).reshape(layer.input(1).shape[0], -1)
    if zero_weights(rows) < LEAST_ZEROS:
        return "few of its weights are zero"
    sums = sums_of(rows, folded_bias(layer, rows))
    stage = short_stage(layer, target, sums, convolution_multipliers(layer))
    if isinstance(stage, str):
        return stage
    weights, way, proven = sparse_weights(np.where(stage.live[:, None], rows, 0)), walk, stage
    if weights.bytes >= rows.size:
        return "what places its weights takes more than its zeros"
    return Candidate(
        _cycles(weights, way, "mul64" not in target.features),
        f"{weights.zeros:.0%} of its weights are zero; {stage.why}",
        lambda pool: _lower(layer, proven, weights, way, pool),
        more_flash=weights.bytes - rows.size,
    )


def _cycles(weights: SparseWeights, walk: Walk, kind: bool) -> float:
    fours, rest = divmod(walk.pixels, _AT_ONCE)
    runs = weights.channels * weights.runs * _RUN[kind]
    four = runs + weights.pairs * _FOUR[kind] + weights.channels * _FOUR_OUTPUTS[kind]
    one = runs + weights.pairs * _ONE[kind] + weights.channels * _OUTPUT[kind]
    laid_out = 0.0 if walk.in_place else walk.pixels * walk.taps * _VALUE[kind]
    return fours * four + rest * one + laid_out


def _lower(
    layer: LayerView, stage: ShortStage, weights: SparseWeights, walk: Walk, pool: ConstantPool
) -> Lowering:
    outputs = weights.channels
    parameters: Parameters = {
        **walk_parameters(layer, walk, outputs),
        "pointwise": int(walk.in_place),
        **weight_constants(layer, pool, weights),
        **stage.parameters(layer, pool),
    }
    places = TensorPlace(layer.input().index), TensorPlace(layer.output().index)
    call = PendingCall(_KERNEL, parameters, (*places, ScratchPlace()))
    # What is laid out is read before any of its outputs is written; four pixels in place are not.
    ahead = _AT_ONCE * outputs - 1 if walk.in_place else 0
    return Lowering(
        (call,),
        layer.output().elements * walk.taps,
        scratch_bytes=0 if walk.in_place else _AT_ONCE * walk.taps,
        overlaps=(
            overlap(layer, convolution_windows(layer), ahead) if layer.operator.name == "CONV_2D" else ()
        ),
    )


CONV_2D_SPARSE_WITHOUT_DSP = KernelForm(
    "sparse weights by four pixels", propose_for_conv_2d, _KERNEL, _CODE_BYTES
)
FULLY_CONNECTED_SPARSE_WITHOUT_DSP = KernelForm(
    "sparse weights by four rows", propose_for_fully_connected, _KERNEL, _CODE_BYTES
)

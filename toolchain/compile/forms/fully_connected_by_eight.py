"""FULLY_CONNECTED of one row on cores with long products but no DSP instructions, eight outputs at a time."""

from __future__ import annotations

from collections.abc import Sequence

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
    TensorPlace,
)
from toolchain.compile.requantise_forms import Integers, sums_of
from toolchain.compile.short_stage import ShortStage, refusal, short_stage
from toolchain.compile.weights import convolution_multipliers, folded_bias

_BLOCK = 8
# Estimated cycles of a tap of eight outputs, and of their way from sums to bytes.
_TAP_CYCLES, _OUTPUTS_CYCLES = 26.0, 160.0


def propose(layer: LayerView, target: Target) -> Candidate | str:
    """For eight outputs and more."""
    refused = refusal(layer, target)
    if refused is not None:
        return refused
    if "mul64" not in target.features:
        return "the core has too few registers"
    weights = values(layer.input(1))
    if layer.output().elements != len(weights):
        return "it has several rows"
    if len(weights) < _BLOCK:
        return "it has fewer than eight outputs"
    sums = sums_of(weights, folded_bias(layer, weights))
    stage = short_stage(layer, target, sums, convolution_multipliers(layer))
    if isinstance(stage, str):
        return stage
    found, rows = stage, np.where(stage.live[:, None], weights, 0)
    blocks = -(-len(weights) // _BLOCK)
    cycles = blocks * (weights.shape[1] * _TAP_CYCLES + _OUTPUTS_CYCLES)
    return Candidate(cycles, stage.why, lambda pool: _lower(layer, found, rows, pool))


def _order(outputs: int) -> Sequence[int]:
    """The outputs of all blocks where the second begins within the first, so that all are whole."""
    return [*range(_BLOCK), *range((outputs - 1) % _BLOCK + 1, outputs)]


def _lower(layer: LayerView, stage: ShortStage, rows: Integers, pool: ConstantPool) -> Lowering:
    outputs, inputs = rows.shape
    order = _order(outputs)
    blocks = rows[list(order)].reshape(-1, _BLOCK, inputs).transpose(0, 2, 1)
    parameters: Parameters = {
        "input_channels": inputs,
        "output_channels": outputs,
        "weights": pool.add(
            f"{layer.operator.index}_weights",
            "int8_t",
            blocks.astype(np.int8),
            role="weights",
            comment=f"{layer.name}, eight outputs by turns",
        ),
        **stage.parameters(layer, pool, order),
    }
    places = TensorPlace(layer.input().index), TensorPlace(layer.output().index)
    call = PendingCall("fully_connected_s8_by_eight", parameters, places)
    return Lowering((call,), outputs * inputs)


FULLY_CONNECTED_BY_EIGHT = KernelForm("blocks of eight outputs", propose)

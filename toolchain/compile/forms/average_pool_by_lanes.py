"""AVERAGE_POOL_2D on cores with DSP: sums of four channels at a time, in 16 bits."""

from __future__ import annotations

import math
from dataclasses import replace

from toolchain.compile.core_features import Target
from toolchain.compile.layer_view import LayerView
from toolchain.compile.lowering import Candidate, KernelForm, Lowering
from toolchain.compile.pools import lower_pool
from toolchain.compile.windows import pool_windows

# So many int8 values always add up to what an int16 holds.
_MOST_VALUES = 2**8 - 1
_VALUE_CYCLES, _OUTPUT_CYCLES = 2.5, 30


def propose(layer: LayerView, target: Target) -> Candidate | str:
    """For windows of at most 255 values."""
    if "dsp" not in target.features:
        return "the core has no DSP instructions"
    if target.optimise_for == "size":
        return "it takes more code"
    if layer.output().dtype != "INT8":
        return "activations are int16"
    window = math.prod(
        min(found.filter, size)
        for found, size in zip(pool_windows(layer), layer.input().shape[1:3], strict=True)
    )
    if window > _MOST_VALUES:
        return f"sums of {window} values can exceed 16 bits"
    cycles = layer.output().elements * (window * _VALUE_CYCLES + _OUTPUT_CYCLES)
    return Candidate(cycles, f"sums of {window} values fit 16 bits", lambda _: _lower(layer))


def _lower(layer: LayerView) -> Lowering:
    """As the portable form: four channels are read before they are written, as each one is there."""
    lowering = lower_pool(layer, "average_pool_2d")
    [call] = lowering.calls
    return replace(lowering, calls=(replace(call, kernel="average_pool_2d_s8_dsp"),))


AVERAGE_POOL_BY_LANES = KernelForm("sums by lanes", propose)

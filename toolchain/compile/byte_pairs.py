"""Weights of two output channels in one 16-bit lane, and the constants of kernels that read them so.

`kernels/byte_pairs_dsp.h` has the arithmetic: a lane holds V = 256 * B + A, and sums of V and of A give both
channels' sums.  It is right where V fits 16 bits, and where 256 times a sum fits 32.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from toolchain.compile.core_features import Target
from toolchain.compile.layer_view import LayerView
from toolchain.compile.lowering import ConstantPool
from toolchain.compile.requantise import INT32_MAX, Multiplier
from toolchain.compile.requantise_forms import AnySign, Integers, Rectified, Sums, exact_form, sums_of
from toolchain.compile.saturated_form import Saturated
from toolchain.compile.weights import folded_bias, output_stage
from toolchain.vocabulary.program import ParameterValue

BLOCK_CHANNELS = GROUP_TAPS = 4
_PAIR = 2
_MOST_SUM = 2**23 - 1
Stage = Rectified | Saturated | AnySign
FindStage = Callable[[Sums, Sequence[Multiplier], int, int, int], Stage | str]
"""A layer's output stage from sums, multipliers, zero point, minimum and maximum, or why there is none."""


@dataclass(frozen=True, slots=True, eq=False)
class BytePairs:
    """A layer's weights, (channels, taps) with 0 where outputs do not need them, and its output stage."""

    rows: Integers
    stage: Stage

    @property
    def groups(self) -> int:
        """Groups of four taps."""
        return -(-int(self.rows.shape[1]) // GROUP_TAPS)

    @property
    def blocks(self) -> int:
        """Blocks of four channels."""
        return -(-int(self.rows.shape[0]) // BLOCK_CHANNELS)

    @property
    def why(self) -> str:
        """What was proven, in a few words."""
        if not isinstance(self.stage, AnySign):
            return "outputs rectified, one rounding proven right for every sum"
        return "outputs of any sign, the reference's two roundings without overflow"


def byte_pairs(
    layer: LayerView,
    target: Target,
    multipliers: Sequence[Multiplier],
    rows: Integers,
    find_stage: FindStage = exact_form,
) -> BytePairs | str:
    """The layer in byte pairs, or why it cannot be; `rows` is (channels, taps)."""
    refusal = _refusal(layer, target)
    if refusal is not None:
        return refusal
    limits = output_stage(layer)
    zero_point, low, high = (
        _integer(limits[key]) for key in ("output_zero_point", "activation_min", "activation_max")
    )
    stage = find_stage(sums_of(rows, folded_bias(layer, rows)), multipliers, zero_point, low, high)
    if isinstance(stage, str):
        return stage
    rows = np.where(stage.live[:, None], rows, 0)
    return _too_wide(rows, stage) or BytePairs(rows, stage)


def _refusal(layer: LayerView, target: Target) -> str | None:
    if "dsp" not in target.features:
        return "the core has no DSP instructions"
    if target.optimise_for == "size":
        return "it takes more code"
    return "activations are int16" if layer.output().dtype != "INT8" else None


def _too_wide(rows: Integers, stage: Stage) -> str | None:
    """What of the layer does not fit the lanes."""
    if not isinstance(stage, Saturated) and not stage.lanes_fit:
        return "a value before its clamp can exceed 16 bits"
    sums = sums_of(rows, np.zeros(len(rows), np.int64))
    if isinstance(stage, AnySign):
        reach = max(int(np.abs(end + stage.bias // 2).max()) for end in (sums.low, sums.high))
        if reach + int(np.abs(unsigned_rounding(stage)).max()) + 2 > INT32_MAX:
            return "a sum and what rounds it can exceed 31 bits"
    if max(-int(sums.low.min()), int(sums.high.max())) > _MOST_SUM:
        return "a sum can exceed 23 bits"
    # Whichever two channels come to share a lane.
    if ((rows[1:] == -128) & (rows[:-1] < 0)).any():
        return "a weight of -128 stands beside a negative one"
    return None


def _integer(value: ParameterValue) -> int:
    assert isinstance(value, int)
    return value


def padded(values: Integers, multiple: int, axis: int = 0) -> Integers:
    """`values` with zeros up to a multiple of `multiple` along `axis`."""
    missing = -values.shape[axis] % multiple
    return np.pad(values, [(0, missing if axis == a else 0) for a in range(values.ndim)])


def interleaved(rows: Integers) -> npt.NDArray[np.int32]:
    """The words that the kernels read.

    Per block of channels and group of four taps: taps 0 and 2 of every pair of channels, then 1 and 3.
    """
    full = padded(padded(rows, BLOCK_CHANNELS), GROUP_TAPS, axis=1)
    channels, taps = full.shape
    lanes = full[0::2] + 256 * full[1::2]
    # Axes: block, pair in it, group, half of the group (0: taps 0 and 1), tap in the half.
    grouped = lanes.reshape(channels // BLOCK_CHANNELS, BLOCK_CHANNELS // _PAIR, taps // GROUP_TAPS, 2, 2)
    ordered = grouped.transpose(0, 2, 4, 1, 3)
    low, high = ordered[..., 0], ordered[..., 1]
    words: npt.NDArray[np.int32] = ((low & 0xFFFF) | (high & 0xFFFF) << 16).astype(np.uint32).view(np.int32)
    return words.reshape(-1)


def unsigned_rounding(stage: AnySign) -> Integers:
    """`rounding` for outputs that are 128 more, since the kernels saturate bytes without a sign."""
    return stage.rounding + (np.int64(128) << stage.shift)


def overlapping(channels: int) -> Sequence[int]:
    """The channels of all blocks where the second begins within the first, so that all are whole."""
    return [*range(BLOCK_CHANNELS), *range((channels - 1) % BLOCK_CHANNELS + 1, channels)]


def pair_constants(
    layer: LayerView, pool: ConstantPool, pairs: BytePairs, channels: Sequence[int] | None = None
) -> dict[str, ParameterValue]:
    """The fields `weights` to `maximum` of a kernel's parameters; `channels` in the order of the blocks."""
    order = range(len(pairs.rows)) if channels is None else channels
    weights = pool.add(
        f"{layer.operator.index}_weights",
        "int32_t",
        interleaved(pairs.rows[order]),
        role="weights",
        comment=f"{layer.name}, byte pairs",
    )
    stage = stage_constants(layer, pool, pairs.stage, order)
    bias, table = stage.pop("bias"), stage.pop("table")
    return {"weights": weights, "bias": bias, "table": table, "groups": pairs.groups, **stage}


def stage_constants(
    layer: LayerView, pool: ConstantPool, stage: Stage, channels: Sequence[int]
) -> dict[str, ParameterValue]:
    """The fields `bias`, `table` and `any_sign` to `maximum` of a kernel's parameters."""
    assert not isinstance(stage, Saturated)
    number, name, order = layer.operator.index, layer.name, list(channels)
    bias = padded(stage.bias[order], BLOCK_CHANNELS)
    columns = [stage.multiplier]
    if isinstance(stage, AnySign):
        columns += [unsigned_rounding(stage), stage.shift]
    table = padded(np.stack(columns, axis=1)[order], BLOCK_CHANNELS)
    form = "rectified" if isinstance(stage, Rectified) else "any sign"

    def constant(what: str, values: Integers, role: str) -> ParameterValue:
        return pool.add(
            f"{number}_{what}", "int32_t", values.astype(np.int32), role=role, comment=f"{name}, {form}"
        )

    return {
        "bias": constant("bias", bias, "weights"),
        "table": constant("stage", table, "table"),
        "any_sign": int(isinstance(stage, AnySign)),
        "shift": stage.shift if isinstance(stage, Rectified) else 0,
        "minimum": -128 if isinstance(stage, Rectified) else stage.minimum,
        "maximum": 127 if isinstance(stage, Rectified) else stage.maximum,
    }

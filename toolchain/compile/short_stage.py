"""How a layer's sums become outputs on cores without DSP instructions: the shortest form that is proven."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from toolchain.compile.core_features import Target
from toolchain.compile.layer_view import LayerView
from toolchain.compile.lowering import ConstantPool
from toolchain.compile.requantise import Multiplier
from toolchain.compile.requantise_forms import Flags, Integers, Sums, any_sign_form
from toolchain.compile.saturated_form import saturated_form
from toolchain.compile.split_form import split_form
from toolchain.compile.weights import output_stage
from toolchain.vocabulary.program import ParameterValue

# The values of `kind` in kernels/short_stage.h.
_SATURATED, _SPLIT, _ANY_SIGN = 0, 1, 2
# What kernels/short_stage.h shifts by: more is more exact, and leaves out scales of 2**-3 and more.
_SATURATED_SHIFT = 10
_NAMES = ("saturated", "split", "any sign")


@dataclass(frozen=True, slots=True, eq=False)
class ShortStage:
    """What `struct chipcast_short_stage` says; `table` and `shift` have a row a channel.

    `live` are the channels of which the weights matter; the others have to have weights of 0.
    """

    kind: int
    table: Integers
    shift: Integers
    minimum: int
    maximum: int
    live: Flags
    why: str

    def parameters(
        self, layer: LayerView, pool: ConstantPool, channels: Sequence[int] | None = None
    ) -> dict[str, ParameterValue]:
        """The kernel's fields, the tables in the order of `channels`."""
        order = range(len(self.table)) if channels is None else channels
        number, comment = layer.operator.index, f"{layer.name}, {_NAMES[self.kind]}"

        def constant(what: str, c_type: str, given: npt.NDArray[np.generic]) -> ParameterValue:
            return pool.add(f"{number}_{what}", c_type, given, role="table", comment=comment)

        return {
            "stage_kind": self.kind,
            "table": constant("stage", "int32_t", self.table[list(order)].astype(np.int32)),
            "shift": constant("shift", "int8_t", self.shift[list(order)].astype(np.int8))
            if self.kind == _SPLIT
            else 0,
            "activation_min": self.minimum,
            "activation_max": self.maximum,
        }


def refusal(layer: LayerView, target: Target) -> str | None:
    """Why the kernels for cores that only multiply are not for this core, goal or layer."""
    if "dsp" in target.features:
        return "the core has DSP instructions"
    if not target.features & {"mul32", "mul64"}:
        return "nothing is known of how the core multiplies"
    if target.optimise_for == "size":
        return "it takes more code"
    return "activations are int16" if layer.output().dtype != "INT8" else None


def short_stage(
    layer: LayerView, target: Target, sums: Sums, multipliers: Sequence[Multiplier]
) -> ShortStage | str:
    """The shortest stage that is right for every one of `sums`, or why there is none."""
    limits = output_stage(layer)
    zero, low, high = (limits[key] for key in ("output_zero_point", "activation_min", "activation_max"))
    assert isinstance(zero, int)
    assert isinstance(low, int)
    assert isinstance(high, int)
    if low < zero < high:
        # The reference rounds halves away from the zero point: to search would hardly ever find one constant.
        pass
    elif "mul64" in target.features:
        saturated = saturated_form(sums, multipliers, zero, low, high, _SATURATED_SHIFT, zero_in_bias=True)
        if not isinstance(saturated, str):
            table = np.stack([saturated.bias, saturated.multiplier], axis=1)
            why = "one rounding proven right for every sum, saturation the only clamp"
            return ShortStage(_SATURATED, table, 0 * table, low, high, saturated.live, why)
    else:
        split = split_form(sums, multipliers, zero, low, high)
        if not isinstance(split, str):
            table = np.stack([split.offset, split.multiplier], axis=1)
            why = "one rounding proven right for every sum, in products of 32 bits"
            return ShortStage(_SPLIT, table, split.shift, low, high, split.multiplier != 0, why)
    general = any_sign_form(sums, multipliers, zero, low, high)
    if isinstance(general, str):
        return general
    table = np.stack([general.bias, general.multiplier, general.rounding, general.shift], axis=1)
    why = "outputs of any sign, the reference's two roundings without overflow"
    return ShortStage(_ANY_SIGN, table, 0 * table, low, high, general.live, why)

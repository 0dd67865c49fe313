"""ADD and SUB of equal shapes on cores that multiply but have no DSP instructions: weighted sums."""

from __future__ import annotations

from toolchain.compile.broadcast import fused_range
from toolchain.compile.common_scale import common_scale_multipliers
from toolchain.compile.core_features import Target
from toolchain.compile.layer_view import LayerView, quantisation
from toolchain.compile.lowering import Candidate, KernelForm, Lowering, PendingCall, TensorPlace
from toolchain.compile.short_stage import refusal
from toolchain.compile.weighted_sum import WeightedSum, weighted_sum

_EXTRA_BITS = 20
_ELEMENT_CYCLES = 12.0


def _propose(layer: LayerView, target: Target, sign: int) -> Candidate | str:
    refused = refusal(layer, target) or _refusal(layer)
    if refused is not None:
        return refused
    found = weighted_sum(
        (quantisation(layer.input(0)), quantisation(layer.input(1))),
        quantisation(layer.output()),
        common_scale_multipliers(layer, _EXTRA_BITS),
        sign,
    )
    if isinstance(found, str):
        return found
    sum_, cycles = found, _ELEMENT_CYCLES * layer.output().elements
    return Candidate(cycles, "constants right for all 65,536 pairs of inputs", lambda _: _lower(layer, sum_))


def _refusal(layer: LayerView) -> str | None:
    limits = fused_range(layer)
    if layer.input(0).shape != layer.input(1).shape:
        return "an input is repeated"
    full = (limits["activation_min"], limits["activation_max"]) == (-128, 127)
    return None if full else "outputs are clamped"


def _lower(layer: LayerView, found: WeightedSum) -> Lowering:
    a, b, output = layer.input(0).index, layer.input(1).index, layer.output()
    parameters = {
        "elements": output.elements,
        "offset": found.offset,
        "multiplier1": found.multiplier1,
        "multiplier2": found.multiplier2,
    }
    places = TensorPlace(a), TensorPlace(b), TensorPlace(output.index)
    call = PendingCall("add_s8_products", parameters, places)
    return Lowering((call,), in_place=((output.index, a), (output.index, b)))


def propose_add(layer: LayerView, target: Target) -> Candidate | str:
    """For an ADD."""
    return _propose(layer, target, 1)


def propose_sub(layer: LayerView, target: Target) -> Candidate | str:
    """For a SUB."""
    return _propose(layer, target, -1)


ADD_PRODUCTS = KernelForm("weighted sums", propose_add)
SUB_PRODUCTS = KernelForm("weighted differences", propose_sub)

"""ADD and SUB of equal shapes on cores with DSP: four elements at a time, two products each."""

from __future__ import annotations

from toolchain.compile.added_form import Added, added_form
from toolchain.compile.broadcast import fused_range
from toolchain.compile.common_scale import common_scale_multipliers
from toolchain.compile.core_features import Target
from toolchain.compile.layer_view import LayerView, quantisation
from toolchain.compile.lowering import (
    Candidate,
    KernelForm,
    Lowering,
    PendingCall,
    TensorPlace,
)

_EXTRA_BITS = 20
_ELEMENT_CYCLES = 6.5


def _refusal(layer: LayerView, target: Target) -> str | None:
    limits = fused_range(layer)
    reasons = {
        "the core has no DSP instructions": "dsp" not in target.features,
        "it takes more code": target.optimise_for == "size",
        "activations are int16": layer.output().dtype != "INT8",
        "an input is repeated": layer.input(0).shape != layer.input(1).shape,
        "outputs are clamped": (limits["activation_min"], limits["activation_max"]) != (-128, 127),
    }
    return next((reason for reason, applies in reasons.items() if applies), None)


def _propose(layer: LayerView, target: Target, sign: int) -> Candidate | str:
    refusal = _refusal(layer, target)
    if refusal is not None:
        return refusal
    found = added_form(
        (quantisation(layer.input(0)), quantisation(layer.input(1))),
        quantisation(layer.output()),
        common_scale_multipliers(layer, _EXTRA_BITS),
        sign,
    )
    if isinstance(found, str):
        return found
    added, cycles = found, _ELEMENT_CYCLES * layer.output().elements
    return Candidate(cycles, "constants right for all 65,536 pairs of inputs", lambda _: _lower(layer, added))


def _lower(layer: LayerView, added: Added) -> Lowering:
    a, b, output = layer.input(0).index, layer.input(1).index, layer.output()
    parameters = {
        "elements": output.elements,
        "offset": added.offset,
        "multiplier1": added.multiplier1,
        "multiplier2": added.multiplier2,
    }
    places = TensorPlace(a), TensorPlace(b), TensorPlace(output.index)
    call = PendingCall("add_s8_dsp", parameters, places)
    return Lowering((call,), in_place=((output.index, a), (output.index, b)))


def propose_add(layer: LayerView, target: Target) -> Candidate | str:
    """For an ADD."""
    return _propose(layer, target, 1)


def propose_sub(layer: LayerView, target: Target) -> Candidate | str:
    """For a SUB."""
    return _propose(layer, target, -1)


ADD_BY_LANES = KernelForm("sums by lanes", propose_add)
SUB_BY_LANES = KernelForm("differences by lanes", propose_sub)

"""ADD, with broadcasting."""

from __future__ import annotations

from toolchain.compile.activation_types import is_int16
from toolchain.compile.broadcast import (
    broadcastable,
    fused_range,
    loop_parameters,
    lower_loops,
    not_all_constant,
)
from toolchain.compile.layer_view import LayerView, quantisation
from toolchain.compile.lowering import (
    ConstantPool,
    Lowering,
    OperatorSupport,
    PendingCall,
    TensorPlace,
)
from toolchain.compile.requantise import Multiplier, quantise_multiplier
from toolchain.compile.rules import activations, fused_activation, inputs_and_outputs
from toolchain.vocabulary.program import ParameterValue

# The extra bits inputs get before they are rescaled (`CalculateOpDataAdd`).
_EXTRA_BITS, _EXTRA_BITS_INT16 = 20, 15


def multiplier_range(layer: LayerView) -> str | None:
    """The output's scale is above 2**-19 of the inputs' (2**-14 with int16): the reference stops there."""
    _, _, output = _multipliers(layer)
    return "its output's scale is too fine for its inputs'" if output.shift > 0 else None


def _multipliers(layer: LayerView) -> tuple[Multiplier, Multiplier, Multiplier]:
    scales = [quantisation(layer.input(position)).scale for position in (0, 1)]
    twice_largest = 2.0 * max(scales)
    bits = _EXTRA_BITS_INT16 if is_int16(layer) else _EXTRA_BITS
    output = twice_largest / (2**bits * quantisation(layer.output()).scale)
    return (
        quantise_multiplier(scales[0] / twice_largest),
        quantise_multiplier(scales[1] / twice_largest),
        quantise_multiplier(output),
    )


def lower(layer: LayerView, _: ConstantPool) -> Lowering:
    """Element by element where the shapes are equal (in place where an input dies), else by strides."""
    a, b, output = layer.input(0), layer.input(1), layer.output()
    scaling: dict[str, ParameterValue] = {}
    for name, tensor, multiplier in zip(
        ("input1", "input2", "output"), (a, b, output), _multipliers(layer), strict=True
    ):
        scaling |= {
            f"{name}_zero_point": quantisation(tensor).zero_point,
            f"{name}_multiplier": multiplier.value,
            f"{name}_shift": multiplier.shift,
        }
    scaling |= fused_range(layer)
    if is_int16(layer):
        scaling = {name: value for name, value in scaling.items() if "zero_point" not in name}
        return lower_loops(layer, "add_s16", scaling)
    places = TensorPlace(a.index), TensorPlace(b.index), TensorPlace(output.index)
    if a.shape == b.shape:
        call = PendingCall("add_s8", {"elements": output.elements, **scaling}, places)
        return Lowering((call,), in_place=((output.index, a.index), (output.index, b.index)))
    call = PendingCall("add_broadcast_s8", {**loop_parameters(layer), **scaling}, places)
    return Lowering((call,))


ADD = OperatorSupport(
    "ADD",
    (
        inputs_and_outputs(2),
        activations(0, 1),
        not_all_constant,
        fused_activation,
        broadcastable,
        multiplier_range,
    ),
    lower,
)

"""ADD, with broadcasting over at most four axes."""

from __future__ import annotations

import math

from toolchain.compile.layer_view import LayerView, quantisation
from toolchain.compile.lowering import (
    ConstantPool,
    Lowering,
    OperatorSupport,
    Parameters,
    PendingCall,
    TensorPlace,
)
from toolchain.compile.requantise import Multiplier, activation_range, quantise_multiplier
from toolchain.compile.rules import fused_activation, inputs_and_outputs, int8_activations
from toolchain.vocabulary.program import ParameterValue

# The extra bits inputs get before they are rescaled (`CalculateOpDataAdd`).
_EXTRA_BITS = 20


def not_all_constant(layer: LayerView) -> str | None:
    """At least one input is computed at run time."""
    return (
        "both its inputs are constants" if layer.input(0).is_constant and layer.input(1).is_constant else None
    )


def broadcastable(layer: LayerView) -> str | None:
    """Shapes are equal, or broadcast over at most four axes."""
    a, b, output = layer.input(0).shape, layer.input(1).shape, layer.output().shape
    if a == b:
        return None if output == a else f"its output has the shape {output}, where {a} follows"
    rank = max(len(a), len(b))
    if rank > 4:
        return f"it broadcasts over {rank} axes"
    pairs = list(zip(_extended(a, rank), _extended(b, rank), strict=True))
    if any(x not in (1, y) and y != 1 for x, y in pairs):
        return f"the shapes {a} and {b} do not broadcast"
    expected = tuple(max(x, y) for x, y in pairs)
    return None if output == expected else f"its output has the shape {output}, where {expected} follows"


def multiplier_range(layer: LayerView) -> str | None:
    """The output's scale is not finer than 2**-19 of the inputs': the reference stops there."""
    _, _, output = _multipliers(layer)
    return "its output's scale is too fine for its inputs'" if output.shift > 0 else None


def _extended(shape: tuple[int, ...], rank: int) -> tuple[int, ...]:
    return (1,) * (rank - len(shape)) + shape


def _multipliers(layer: LayerView) -> tuple[Multiplier, Multiplier, Multiplier]:
    scales = [quantisation(layer.input(position)).scale for position in (0, 1)]
    twice_largest = 2.0 * max(scales)
    output = twice_largest / (2**_EXTRA_BITS * quantisation(layer.output()).scale)
    return (
        quantise_multiplier(scales[0] / twice_largest),
        quantise_multiplier(scales[1] / twice_largest),
        quantise_multiplier(output),
    )


def _strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Strides in values over four axes, 0 where the tensor is repeated."""
    extents = _extended(shape, 4)
    return tuple(0 if extents[axis] == 1 else math.prod(extents[axis + 1 :]) for axis in range(4))


def lower(layer: LayerView, _: ConstantPool) -> Lowering:
    """Element by element where the shapes are equal (in place where an input dies), else by strides."""
    a, b, output = layer.input(0), layer.input(1), layer.output()
    low, high = activation_range(layer.text("fused_activation_function"), quantisation(output))
    scaling: dict[str, ParameterValue] = {}
    for name, tensor, multiplier in zip(
        ("input1", "input2", "output"), (a, b, output), _multipliers(layer), strict=True
    ):
        scaling |= {
            f"{name}_zero_point": quantisation(tensor).zero_point,
            f"{name}_multiplier": multiplier.value,
            f"{name}_shift": multiplier.shift,
        }
    scaling |= {"activation_min": low, "activation_max": high}
    places = TensorPlace(a.index), TensorPlace(b.index), TensorPlace(output.index)
    if a.shape == b.shape:
        call = PendingCall("add_s8", {"elements": output.elements, **scaling}, places)
        return Lowering((call,), in_place=((output.index, a.index), (output.index, b.index)))
    layout: Parameters = {
        "extent": _extended(output.shape, 4),
        "input1_stride": _strides(a.shape),
        "input2_stride": _strides(b.shape),
    }
    return Lowering((PendingCall("add_broadcast_s8", {**layout, **scaling}, places),))


ADD = OperatorSupport(
    "ADD",
    (
        inputs_and_outputs(2),
        int8_activations(0, 1),
        not_all_constant,
        fused_activation,
        broadcastable,
        multiplier_range,
    ),
    lower,
)

"""REDUCE_MAX over any axes."""

from __future__ import annotations

from toolchain.compile.layer_view import LayerView, quantisation
from toolchain.compile.lowering import ConstantPool, Lowering, OperatorSupport, PendingCall, TensorPlace
from toolchain.compile.reductions import constant_axes, loop_parameters, reduced_shape
from toolchain.compile.rules import input_is_no_constant, inputs_and_outputs, int8_activations


def equal_quantisation(layer: LayerView) -> str | None:
    """Input and output have exactly one scale and zero point: the reference stops otherwise."""
    a, b = quantisation(layer.input()), quantisation(layer.output())
    same = a.scale == b.scale and a.zero_point == b.zero_point
    return None if same else "input and output differ in scale or zero point"


def lower(layer: LayerView, _: ConstantPool) -> Lowering:
    """One kernel call over the joined axes; nothing runs where only axes of extent 1 are reduced."""
    source, output = layer.input(), layer.output()
    if source.elements == output.elements:
        return Lowering((), alias=((output.index, source.index),), comment="the same bytes")
    places = TensorPlace(source.index), TensorPlace(output.index)
    return Lowering((PendingCall("reduce_max_s8", loop_parameters(layer), places),))


REDUCE_MAX = OperatorSupport(
    "REDUCE_MAX",
    (
        inputs_and_outputs(2),
        int8_activations(),
        input_is_no_constant,
        constant_axes,
        reduced_shape,
        equal_quantisation,
    ),
    lower,
)

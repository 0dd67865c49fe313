"""PAD: real zeros around the input."""

from __future__ import annotations

from toolchain.compile.layer_view import LayerView, quantisation
from toolchain.compile.lowering import ConstantPool, Lowering, OperatorSupport
from toolchain.compile.paddings import constant_paddings, lower_padding, padded_shape
from toolchain.compile.rules import activations, input_is_no_constant, inputs_and_outputs


def lower(layer: LayerView, _: ConstantPool) -> Lowering:
    """Pad with the output's zero point, which is 0 with int16."""
    return lower_padding(layer, quantisation(layer.output()).zero_point)


PAD = OperatorSupport(
    "PAD",
    (inputs_and_outputs(2), activations(), input_is_no_constant, constant_paddings, padded_shape),
    lower,
)

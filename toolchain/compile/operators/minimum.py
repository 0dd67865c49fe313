"""MINIMUM of two tensors, with broadcasting."""

from __future__ import annotations

from toolchain.compile.broadcast import broadcastable, lower_broadcast, not_all_constant
from toolchain.compile.layer_view import LayerView
from toolchain.compile.lowering import ConstantPool, Lowering, OperatorSupport
from toolchain.compile.rules import inputs_and_outputs, int8_activations


def lower(layer: LayerView, pool: ConstantPool) -> Lowering:
    """One kernel call.  The reference compares the stored values, whatever their scales, and so does this."""
    return lower_broadcast(layer, pool, "minimum_s8", {}, min)


MINIMUM = OperatorSupport(
    "MINIMUM",
    (inputs_and_outputs(2), int8_activations(0, 1), not_all_constant, broadcastable),
    lower,
)

"""READ_VARIABLE: what a resource variable holds now."""

from __future__ import annotations

from toolchain.compile.layer_view import LayerView
from toolchain.compile.lowering import ConstantPool, Lowering, OperatorSupport
from toolchain.compile.rules import inputs_and_outputs
from toolchain.compile.variables import lower_copy, same_size, variable_of


def lower(layer: LayerView, _: ConstantPool) -> Lowering:
    """One copy, out of the state area."""
    return lower_copy(layer.input(0), layer.output(), layer.output().elements)


READ_VARIABLE = OperatorSupport("READ_VARIABLE", (inputs_and_outputs(1), variable_of, same_size(None)), lower)

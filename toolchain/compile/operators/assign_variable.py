"""ASSIGN_VARIABLE: what a resource variable holds from now on."""

from __future__ import annotations

from toolchain.compile.layer_view import LayerView
from toolchain.compile.lowering import ConstantPool, Lowering, OperatorSupport
from toolchain.compile.variables import lower_copy, same_size, variable_of


def a_variable_and_a_value(layer: LayerView) -> str | None:
    """The layer has two inputs, a variable and the value it is to hold, and no outputs."""
    inputs, outputs = layer.input_count, len(layer.operator.outputs)
    return None if (inputs, outputs) == (2, 0) else f"it has {inputs} inputs and {outputs} outputs"


def lower(layer: LayerView, _: ConstantPool) -> Lowering:
    """One copy, into the state area."""
    return lower_copy(layer.input(1), layer.input(0), layer.input(1).elements)


ASSIGN_VARIABLE = OperatorSupport(
    "ASSIGN_VARIABLE", (a_variable_and_a_value, variable_of, same_size(1)), lower
)

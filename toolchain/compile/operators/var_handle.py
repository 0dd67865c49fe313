"""VAR_HANDLE: the name of a resource variable."""

from __future__ import annotations

from toolchain.compile.layer_view import LayerView
from toolchain.compile.lowering import ConstantPool, Lowering, OperatorSupport
from toolchain.compile.rules import inputs_and_outputs
from toolchain.compile.variables import find_variables

# The reader shortens longer names, and puts these for what cannot be printed.
_LONGEST_NAME = 159
_REPLACED = ("?", "\ufffd")


def one_resource(layer: LayerView) -> str | None:
    """Its output is a resource."""
    dtype = layer.output().dtype
    return None if dtype == "RESOURCE" else f"its output is {dtype}, not RESOURCE"


def plain_name(layer: LayerView) -> str | None:
    """Its variable has a name of at most 159 bytes, all of them printable."""
    name = layer.operator.options.get("shared_name")
    if not isinstance(name, str) or not name:
        return "its variable has no name"
    changed = len(name.encode()) > _LONGEST_NAME or any(mark in name for mark in _REPLACED)
    return f"its variable's name {name!r} may be cut short" if changed else None


def one_container(layer: LayerView) -> str | None:
    """Variables of one name are in one container."""
    name = layer.text("shared_name")
    count = len(find_variables(layer.graph).containers[name])
    return f"its variable {name!r} is in {count} containers" if count > 1 else None


def lower(_: LayerView, __: ConstantPool) -> Lowering:
    """Nothing runs: the variable has its place in the state area."""
    return Lowering((), comment="a place in the state area")


VAR_HANDLE = OperatorSupport(
    "VAR_HANDLE", (inputs_and_outputs(0), one_resource, plain_name, one_container), lower
)

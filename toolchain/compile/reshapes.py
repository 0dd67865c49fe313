"""What RESHAPE, SQUEEZE and EXPAND_DIMS have in common: nothing runs."""

from __future__ import annotations

from toolchain.compile.layer_view import LayerView
from toolchain.compile.lowering import ConstantPool, Lowering


def lower_reshape(layer: LayerView, _: ConstantPool) -> Lowering:
    """The output is the input's memory."""
    return Lowering((), alias=((layer.output().index, layer.input().index),), comment="the same bytes")

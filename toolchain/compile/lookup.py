"""Operators that are a function of one int8 value: a table of 256 results, made at compile time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from toolchain.compile.layer_view import LayerView
from toolchain.compile.lowering import ConstantPool, Lowering, Parameters, PendingCall, TensorPlace


def lower_lookup(
    layer: LayerView, pool: ConstantPool, function: Callable[[int], int], position: int = 0
) -> Lowering:
    """One table look-up an element of the input at `position`; `function` maps int8 values to int8 values."""
    table = np.array([function(value) for value in range(-128, 128)], np.int8)
    reference = pool.add(
        f"{layer.operator.index}_lookup",
        "int8_t",
        table,
        role="table",
        comment=f"{layer.name}, for -128 to 127",
    )
    a, b = layer.input(position).index, layer.output().index
    parameters: Parameters = {"elements": layer.output().elements, "table": reference}
    call = PendingCall("lookup_s8", parameters, (TensorPlace(a), TensorPlace(b)))
    return Lowering((call,), in_place=((b, a),))

"""PAD with real zeros, on at most four axes."""

from __future__ import annotations

from toolchain.compile.layer_view import LayerView, quantisation, values
from toolchain.compile.lowering import (
    ConstantPool,
    Lowering,
    OperatorSupport,
    Parameters,
    PendingCall,
    TensorPlace,
)
from toolchain.compile.rules import input_is_no_constant, inputs_and_outputs, int8_activations


def constant_paddings(layer: LayerView) -> str | None:
    """Paddings are an int32 constant, a pair of numbers from 0 up for each of at most four axes."""
    paddings, rank = layer.input(1), len(layer.input().shape)
    if not paddings.is_constant or paddings.dtype != "INT32":
        return "its paddings are no int32 constant"
    if rank > 4 or paddings.elements != 2 * rank:
        return f"its paddings have {paddings.elements} values for {rank} axes"
    return "it has a negative padding" if int(values(paddings).min(initial=0)) < 0 else None


def output_shape(layer: LayerView) -> str | None:
    """The output's shape is the input's and the paddings' sum."""
    pairs = values(layer.input(1)).reshape(-1, 2)
    expected = tuple(
        extent + int(pair.sum()) for extent, pair in zip(layer.input().shape, pairs, strict=True)
    )
    actual = layer.output().shape
    return None if actual == expected else f"its output has the shape {actual}, where {expected} follows"


def lower(layer: LayerView, _: ConstantPool) -> Lowering:
    """One kernel call on four axes; missing ones lead with extent 1."""
    lead = 4 - len(layer.input().shape)
    before = values(layer.input(1)).reshape(-1, 2)[:, 0]
    parameters: Parameters = {
        "input_extent": (1,) * lead + layer.input().shape,
        "before": (0,) * lead + tuple(int(value) for value in before),
        "output_extent": (1,) * lead + layer.output().shape,
        "value": quantisation(layer.output()).zero_point,
    }
    places = TensorPlace(layer.input().index), TensorPlace(layer.output().index)
    return Lowering((PendingCall("pad_s8", parameters, places),))


PAD = OperatorSupport(
    "PAD",
    (inputs_and_outputs(2), int8_activations(), input_is_no_constant, constant_paddings, output_shape),
    lower,
)

"""Fuses PAD into the CONV_2D or DEPTHWISE_CONV_2D that alone reads it.

Proof: PAD writes its output's zero point around the image, and these kernels read their input's zero point
there; with one quantisation before and after PAD every tap meets the same value. A 1x1 filter is left
alone: it runs faster over a padded image than around one.
"""

from __future__ import annotations

from dataclasses import replace

from toolchain.compile.layer_view import LayerView, values
from toolchain.compile.passes.questions import is_plain, is_supported, readers
from toolchain.vocabulary.graph import Graph, Operator

_CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D")


def fuse_padding(graph: Graph) -> Graph:
    """The graph with `padded_before` and `padded_after` (rows, columns) as options of its convolutions."""
    count = readers(graph)
    paddings = {
        operator.outputs[0]: operator
        for operator in graph.operators
        if operator.name in ("PAD", "PADV2") and count[operator.outputs[0]] == 1 and _is_zero(graph, operator)
    }
    fused: set[int] = set()
    operators: list[Operator] = []
    for operator in graph.operators:
        padding = paddings.get(operator.inputs[0]) if operator.inputs else None
        joined = None if padding is None else _joined(graph, padding, operator)
        if joined is not None and padding is not None:
            fused.add(padding.index)
        operators.append(joined or operator)
    return replace(graph, operators=tuple(o for o in operators if o.index not in fused))


def _is_zero(graph: Graph, padding: Operator) -> bool:
    """Whether it writes the zero point around rows and columns only, under one quantisation."""
    if not is_supported(graph, padding):
        return False
    layer = LayerView(graph, padding)
    source, output = layer.input(), layer.output()
    if source.quantisation != output.quantisation or output.quantisation is None:
        return False
    if len(source.shape) != 4 or not is_plain((source, output)):
        return False
    if layer.input_count > 2 and values(layer.input(2)).item() != output.quantisation.zero_point:
        return False
    (batch, _, _, channels) = values(layer.input(1)).reshape(-1, 2)
    return not batch.any() and not channels.any()


def _joined(graph: Graph, padding: Operator, operator: Operator) -> Operator | None:
    if operator.name not in _CONVOLUTIONS or not is_supported(graph, operator):
        return None
    if graph.tensors[operator.inputs[1]].shape[1:3] == (1, 1):
        return None
    pairs = values(LayerView(graph, padding).input(1)).reshape(-1, 2)
    before, after = (tuple(int(n) for n in pairs[1:3, side]) for side in (0, 1))
    joined = replace(
        operator,
        inputs=(padding.inputs[0], *operator.inputs[1:]),
        options={**operator.options, "padded_before": before, "padded_after": after},
    )
    return joined if is_supported(graph, joined) else None

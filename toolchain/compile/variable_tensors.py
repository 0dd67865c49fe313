"""Variable tensors: the state that SVDF and the LSTM keep between inferences."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

from toolchain.compile.layer_view import LayerView
from toolchain.compile.lowering import Rule
from toolchain.vocabulary.graph import Graph


@lru_cache(maxsize=4)
def _uses(graph: Graph) -> Counter[int]:
    return Counter(index for operator in graph.operators for index in operator.inputs)


def own_state(position: int, *dtypes: str) -> Rule:
    """A rule on the input at `position`, which holds state of one of the types `dtypes`."""

    def rule(layer: LayerView) -> str | None:
        """Its state is a variable tensor with one scale, no initial values, and used by this layer alone."""
        state = layer.input(position)
        if not state.is_variable or state.dtype not in dtypes:
            return f"its state {state.name!r} is no variable of type {' or '.join(dtypes)}"
        if state.is_constant or state.quantisation is None or state.quantisation.per_channel:
            return f"its state {state.name!r} has initial values, or not one scale"
        low = -(2 ** (8 * state.bytes // max(state.elements, 1) - 1))
        if not low <= state.quantisation.zero_point < -low:
            return f"its state {state.name!r} has the zero point {state.quantisation.zero_point}"
        if _uses(layer.graph)[state.index] > 1:
            return f"its state {state.name!r} is used in another place"
        return None

    return rule

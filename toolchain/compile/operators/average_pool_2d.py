"""AVERAGE_POOL_2D."""

from __future__ import annotations

from toolchain.compile.activation_types import is_int16
from toolchain.compile.forms.average_pool_by_lanes import AVERAGE_POOL_BY_LANES
from toolchain.compile.layer_view import LayerView
from toolchain.compile.lowering import OperatorSupport
from toolchain.compile.pools import POOL_RULES, lower_pool

# So many int16 values always add up to less than 2**31.
_MAX_INT16_VALUES = 2**16 - 1


def window_size(layer: LayerView) -> str | None:
    """With int16 activations, at most 65,535 values are averaged: their sum has 32 bits."""
    _, height, width, _ = layer.input().shape
    seen = min(height, layer.integer("filter_height")) * min(width, layer.integer("filter_width"))
    return f"it averages {seen} values" if is_int16(layer) and seen > _MAX_INT16_VALUES else None


AVERAGE_POOL_2D = OperatorSupport(
    "AVERAGE_POOL_2D",
    (*POOL_RULES, window_size),
    lambda layer, _: lower_pool(layer, "average_pool_2d"),
    forms=(AVERAGE_POOL_BY_LANES,),
)

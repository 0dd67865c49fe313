"""AVERAGE_POOL_2D."""

from __future__ import annotations

from toolchain.compile.lowering import OperatorSupport
from toolchain.compile.pools import POOL_RULES, lower_pool

AVERAGE_POOL_2D = OperatorSupport(
    "AVERAGE_POOL_2D",
    POOL_RULES,
    lambda layer, _: lower_pool(layer, "average_pool_2d_s8"),
)

"""MAX_POOL_2D."""

from __future__ import annotations

from toolchain.compile.lowering import OperatorSupport
from toolchain.compile.pools import POOL_RULES, lower_pool

MAX_POOL_2D = OperatorSupport(
    "MAX_POOL_2D",
    POOL_RULES,
    lambda layer, _: lower_pool(layer, "max_pool_2d"),
)

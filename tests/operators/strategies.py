"""What the operators' property tests draw from."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

zero_points = st.one_of(st.sampled_from([-128, 127, 0]), st.integers(-128, 127))


def float32_power(exponent: float) -> float:
    return float(np.float32(2.0**exponent))


usual_scales = st.floats(-10, 0).map(float32_power)
scales = st.one_of(usual_scales, usual_scales, st.floats(-40, 40).map(float32_power), st.just(2.0**-7))
quantisations = st.tuples(scales, zero_points)
usual_quantisations = st.tuples(usual_scales, zero_points)
activations = st.integers(0, 3)


def shapes(least_rank: int, most_rank: int, most_elements: int = 600) -> st.SearchStrategy[tuple[int, ...]]:
    """Small shapes, extents of 1 more often than chance has it."""
    extent = st.one_of(st.just(1), st.integers(1, 7))
    return (
        st.lists(extent, min_size=least_rank, max_size=most_rank)
        .map(tuple)
        .filter(lambda shape: int(np.prod(shape, dtype=np.int64)) <= most_elements)
    )

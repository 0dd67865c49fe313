"""How much of each layer goes, so that the same in all goes and the output loses least."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LEVELS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
"""The shares at which a layer's loss is measured."""

# Shares that are looked at; halvings of the price.
_GRID = np.linspace(0.0, LEVELS[-1], 96)
_HALVINGS = 60


def share_out(
    losses: Mapping[str, Sequence[float]], sizes: Mapping[str, int], share: float
) -> dict[str, float]:
    """Each layer's share of zeros, so that together `share` of all `sizes` are zero.

    `losses` holds what a layer's pruning costs at each of `LEVELS`; the sum of all is to be least.  At one
    price for a zero, each layer takes the share that suits it best; the price that gives the right number of
    zeros is searched for.
    """
    if share >= LEVELS[-1]:
        return dict.fromkeys(losses, share)
    curves = {name: _curve(values) for name, values in losses.items()}
    total = sum(sizes.values())

    def at(exponent: float) -> dict[str, float]:
        price = 10.0**exponent
        return {name: float(_GRID[np.argmin(curves[name] - price * _GRID * sizes[name])]) for name in sizes}

    def zeros(shares: Mapping[str, float]) -> float:
        return sum(shares[name] * sizes[name] for name in sizes)

    low, high = -30.0, 30.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if zeros(at(middle)) < share * total else (low, middle)
    few, many = at(low), at(high)
    # Between the two nearest, layers go part of the way.
    part = (share * total - zeros(few)) / max(zeros(many) - zeros(few), 1e-30)
    part = min(max(part, 0.0), 1.0)
    return {name: few[name] + part * (many[name] - few[name]) for name in sizes}


def _curve(values: Sequence[float]) -> Floats:
    rising = np.maximum.accumulate(np.maximum(np.asarray(values, np.float64), 0.0))
    return np.asarray(np.interp(_GRID, (0.0, *LEVELS), (0.0, *rising)))

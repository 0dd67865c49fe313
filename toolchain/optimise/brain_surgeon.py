"""Which weights a layer can do without, if those that stay make up for them, and what it then costs.

The optimal brain surgeon (Hassibi & Stork 1993) on a layer's squared error, row by row, as Frantar & Alistarh
2022 do it (arXiv:2208.11580).  With H the Gram matrix of what the layer reads, to remove weight p of a row w
costs w[p]² / inv(H)[p, p], and the others move by -inv(H)[:, p] · w[p] / inv(H)[p, p].
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

# Rows are worked on together, as many as their inverse matrices have room in so many numbers (64 MB).
_MOST_NUMBERS = 8_000_000


def removal_costs(kernel: Floats, gram: Floats) -> Floats:
    """What each weight costs when its row's turn has come to it; shape of `kernel`, (read, given).

    The weights of a row (a column of `kernel`) go one by one, the cheapest first, until none is left.  Costs
    in that order always rise, so that a threshold on them takes weights in the order in which they go.
    `gram` is positive definite, shape (read, read).
    """
    inverse = np.asarray(np.linalg.inv(gram), np.float64)
    rows = max(1, _MOST_NUMBERS // inverse.size)
    parts = [_costs(kernel[:, i : i + rows].T, inverse) for i in range(0, kernel.shape[1], rows)]
    return np.concatenate(parts).T


def _costs(weights: Floats, inverse: Floats) -> Floats:
    """The same for some rows at once, shape (rows, read)."""
    count, read = weights.shape
    left, inverses = weights.copy(), np.repeat(inverse[np.newaxis], count, axis=0)
    row, gone = np.arange(count), np.zeros((count, read), np.bool_)
    costs, highest = np.zeros((count, read)), np.zeros(count)
    for _ in range(read):
        diagonal = np.maximum(np.einsum("rii->ri", inverses), 1e-30)
        price = np.where(gone, np.inf, left**2 / diagonal)
        chosen = np.argmin(price, axis=1)
        highest = np.maximum(np.nextafter(highest, np.inf), price[row, chosen])
        costs[row, chosen], gone[row, chosen] = highest, True
        column = inverses[row, :, chosen]
        pivot = diagonal[row, chosen]
        left -= column * (left[row, chosen] / pivot)[:, np.newaxis]
        inverses -= column[:, :, np.newaxis] * (column / pivot[:, np.newaxis])[:, np.newaxis, :]
    return costs


def refit_rows(kernel: Floats, gram: Floats, kept: Bools) -> Floats:
    """The kernel nearest to `kernel` in what it gives, zeros but for `kept`; all (read, given)."""
    aim, result = gram @ kernel, np.zeros_like(kernel)
    for number in range(kernel.shape[1]):
        used = np.flatnonzero(kept[:, number])
        if used.size:
            result[used, number] = np.linalg.solve(gram[np.ix_(used, used)], aim[used, number])
    return result


def group_costs(
    kernel: Floats, gram: Floats, groups: npt.NDArray[np.int64], ids: npt.NDArray[np.int64]
) -> Floats:
    """What it costs to remove groups of what a layer reads, each when its turn has come; shape of `ids`.

    `groups`, shape (read,), tells the group of each row of `kernel`, shape (read, given): all of a group go
    at once, the cheapest of `ids` first.
    """
    inverse, left = np.asarray(np.linalg.inv(gram), np.float64), kernel.copy()
    places = [np.flatnonzero(groups == item) for item in ids]
    costs, waiting, highest = np.zeros(len(ids)), list(range(len(ids))), 0.0
    while waiting:
        prices = [_group_price(left, inverse, places[item]) for item in waiting]
        item = waiting.pop(int(np.argmin(prices)))
        highest = max(float(np.nextafter(highest, np.inf)), min(prices))
        costs[item] = highest
        rows = places[item]
        if rows.size:
            share = np.linalg.solve(inverse[np.ix_(rows, rows)], inverse[rows])
            left -= share.T @ left[rows]
            inverse = inverse - inverse[:, rows] @ share
            # What is gone has no part in the others any more; a one keeps its block solvable.
            inverse[rows, rows] = 1.0
            left[rows] = 0.0
    return costs


def _group_price(left: Floats, inverse: Floats, rows: npt.NDArray[np.int64]) -> float:
    block = left[rows]
    return float(np.sum(block * np.linalg.solve(inverse[np.ix_(rows, rows)], block))) if rows.size else 0.0

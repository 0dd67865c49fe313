"""The optimal brain surgeon on matrices, where what is right can be computed otherwise."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from toolchain.optimise.brain_surgeon import group_costs, refit_rows, removal_costs
from toolchain.optimise.share_out import LEVELS, share_out


def problem(read: int, given: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    rows = random.normal(size=(200, read)) @ random.normal(size=(read, read))
    return random.normal(size=(read, given)), rows.T @ rows / 200 + 1e-3 * np.eye(read)


def loss(kernel: np.ndarray, other: np.ndarray, gram: np.ndarray) -> np.ndarray:
    return np.asarray(np.einsum("rg,rs,sg->g", kernel - other, gram, kernel - other))


def test_what_stays_is_the_best_there_is_for_it() -> None:
    kernel, gram = problem(6, 5, 0)
    kept = np.random.default_rng(1).random(kernel.shape) < 0.5
    fitted = refit_rows(kernel, gram, kept)
    assert not fitted[~kept].any()
    factor = np.linalg.cholesky(gram).T
    for number in range(kernel.shape[1]):
        used = kept[:, number]
        wanted = np.linalg.lstsq(factor[:, used], factor @ kernel[:, number], rcond=None)[0]
        np.testing.assert_allclose(fitted[used, number], wanted, atol=1e-8)


def test_the_first_weight_to_go_is_the_cheapest_of_all_and_costs_what_is_said() -> None:
    kernel, gram = problem(6, 8, 2)
    costs = removal_costs(kernel, gram)
    for number in range(kernel.shape[1]):
        alone = []
        for gone in range(len(kernel)):
            kept = np.ones(kernel.shape, np.bool_)
            kept[gone, number] = False
            alone.append(loss(kernel, refit_rows(kernel, gram, kept), gram)[number])
        assert np.argmin(costs[:, number]) == np.argmin(alone)
        assert costs[:, number].min() == pytest.approx(min(alone))


def test_the_order_is_near_the_best_choice_of_three_of_six() -> None:
    """Greedy is not always best; but far from what magnitude alone would choose."""
    chosen, best, by_size = 0.0, 0.0, 0.0
    for seed in range(20):
        kernel, gram = problem(6, 1, seed)

        def left(kept: np.ndarray, kernel: np.ndarray = kernel, gram: np.ndarray = gram) -> float:
            return float(loss(kernel, refit_rows(kernel, gram, kept[:, np.newaxis]), gram)[0])

        masks = [np.isin(np.arange(6), some) for some in itertools.combinations(range(6), 3)]
        best += min(left(mask) for mask in masks)
        chosen += left(np.argsort(np.argsort(removal_costs(kernel, gram)[:, 0])) >= 3)
        by_size += left(np.argsort(np.argsort(np.abs(kernel[:, 0]))) >= 3)
    assert best <= chosen < 1.2 * best
    assert chosen < 0.7 * by_size


def test_rows_in_parts_are_the_same_as_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel, gram = problem(7, 9, 3)
    whole = removal_costs(kernel, gram)
    monkeypatch.setattr("toolchain.optimise.brain_surgeon._MOST_NUMBERS", 2 * gram.size)
    np.testing.assert_allclose(removal_costs(kernel, gram), whole)


def test_a_group_goes_with_all_its_rows() -> None:
    kernel, gram = problem(8, 3, 4)
    groups, ids = np.array([1, 2, 3, 4, 1, 2, 3, 4]), np.array([1, 2, 3, 4])
    alone = []
    for item in ids:
        kept = np.repeat((groups != item)[:, np.newaxis], 3, axis=1)
        alone.append(loss(kernel, refit_rows(kernel, gram, kept), gram).sum())
    costs = group_costs(kernel, gram, groups, ids)
    assert np.argmin(costs) == np.argmin(alone)
    assert costs.min() == pytest.approx(min(alone))
    # One weight a group and one output: the same as weight by weight.
    single = group_costs(kernel[:, :1], gram, np.arange(8), np.arange(8))
    np.testing.assert_allclose(single, removal_costs(kernel[:, :1], gram)[:, 0])


def test_the_layer_that_loses_least_gives_most() -> None:
    dear, cheap = [0.1 * level**2 for level in LEVELS], [0.001 * level**2 for level in LEVELS]
    sizes = {"dear": 1000, "cheap": 500, "as dear": 1000}
    shares = share_out({"dear": dear, "cheap": cheap, "as dear": dear}, sizes, 0.5)
    assert sum(shares[name] * sizes[name] for name in sizes) == pytest.approx(1250)
    assert shares["cheap"] == LEVELS[-1] > shares["dear"]
    # What all lose alike is shared alike, to within what a straight line between two levels hides.
    alike = share_out(dict.fromkeys("abc", dear), dict.fromkeys("abc", 700), 0.62)
    assert list(alike.values()) == pytest.approx([0.62] * 3)
    assert share_out({"dear": dear}, {"dear": 10}, 0.97) == {"dear": 0.97}

"""Quantiles, outliers and intervals, against their definitions and against published figures."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolchain.intervals import wilson_interval
from toolchain.measure.statistics_of_runs import find_outliers, quantile
from toolchain.vocabulary.measurement import Outlier


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=60), st.integers(1, 100))
def test_a_quantile_was_seen_and_splits_the_runs(values: list[int], percent: int) -> None:
    found = quantile(sorted(values), percent / 100)
    assert found in values
    assert 100 * sum(value <= found for value in values) >= percent * len(values)
    assert 100 * sum(value < found for value in values) < percent * len(values)


def test_the_95th_percentile_of_20_runs_is_the_19th() -> None:
    assert quantile(list(range(1, 21)), 0.95) == 19


def test_outliers_are_named_in_the_order_they_ran() -> None:
    values = [1000, 1001, 999, 5000, 1000, 1002, 1000, 10]
    assert find_outliers(values) == (Outlier(3, 5000), Outlier(7, 10))


def test_jitter_of_a_tick_is_no_outlier_where_all_else_is_equal() -> None:
    assert find_outliers([100_000] * 50 + [100_001, 100_999]) == ()
    assert find_outliers([100_000] * 50 + [101_001]) == (Outlier(50, 101_001),)


def test_a_wide_spread_has_no_outliers() -> None:
    assert find_outliers(list(range(1000))) == ()


@pytest.mark.parametrize(
    ("right", "total", "low", "high"),
    # Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilsons_interval_is_as_published(right: int, total: int, low: float, high: float) -> None:
    assert wilson_interval(right, total) == pytest.approx((low, high), abs=6e-5)


@given(st.integers(1, 2000).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
def test_wilsons_bounds_solve_its_equation(case: tuple[int, int]) -> None:
    right, total = case
    share = right / total
    for bound in wilson_interval(right, total):
        assert 0 <= bound <= 1
        # The score test's statistic at the bound is the 97.5 % point.
        if 0 < bound < 1:
            statistic = abs(share - bound) / math.sqrt(bound * (1 - bound) / total)
            assert statistic == pytest.approx(1.959963984540054, rel=1e-6)


def test_what_is_no_share_is_refused() -> None:
    for right, total in ((1, 0), (-1, 3), (4, 3)):
        with pytest.raises(ValueError, match="of"):
            wilson_interval(right, total)

"""Metrics against scikit-learn's, and what their intervals say."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from toolchain.errors import DataError
from toolchain.intervals import bootstrap_interval
from toolchain.optimise.metric import Metric
from toolchain.vocabulary.data import Samples
from toolchain.vocabulary.score import METRICS

RANDOM = np.random.default_rng(5)


def samples(labels: Any = None, values: Any = None, width: int = 4) -> Samples:
    count = len(labels if labels is not None else values if values is not None else range(50))
    inputs = np.random.default_rng(0).normal(size=(count, width)).astype(np.float32)
    return Samples(inputs, None if labels is None else np.asarray(labels, np.int64), values)


def score(metric: Metric, outputs: npt.NDArray[Any], given: Samples) -> Any:
    found = metric.of(np.asarray(outputs, np.float32), given)
    assert found is not None
    return found


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.sampled_from([0, 1]), st.integers(-3, 3)), min_size=4, max_size=60))
def test_the_area_under_the_curve_is_scikit_learns(pairs: list[tuple[int, int]]) -> None:
    labels, scores = np.array(pairs).T
    if len(set(labels)) < 2:
        with pytest.raises(DataError, match="only one label"):
            Metric("auc").of(scores[:, np.newaxis].astype(np.float32), samples(labels))
        return
    found = score(Metric("auc"), scores[:, np.newaxis], samples(labels))
    assert found.value == pytest.approx(roc_auc_score(labels, scores))
    assert found.interval[0] <= found.value <= found.interval[1]


def test_several_classes_are_each_against_the_rest() -> None:
    labels = RANDOM.integers(0, 3, 90)
    outputs = RANDOM.dirichlet([1, 1, 1], 90) + np.eye(3)[labels] * 0.3
    outputs /= outputs.sum(axis=1, keepdims=True)
    found = score(Metric("auc"), outputs, samples(labels))
    assert found.value == pytest.approx(roc_auc_score(labels, outputs, multi_class="ovr"), abs=1e-6)
    assert found.method == "bootstrap"


def test_an_autoencoder_finds_anomalies_by_what_it_rebuilds_badly() -> None:
    given = samples([0] * 40 + [1] * 10)
    outputs = given.inputs + np.where(np.arange(50) < 40, 0.1, 1.0)[:, np.newaxis]
    found = score(Metric(), outputs, given)
    assert (found.metric, found.value) == ("auc", 1.0)


def test_accuracy_and_its_interval() -> None:
    labels = np.array([0, 1, 2, 3] * 25)
    outputs = np.eye(4)[(labels + (np.arange(100) < 10)) % 4]
    found = score(Metric(), outputs, samples(labels, width=7))
    assert (found.metric, found.value, found.method, found.samples) == ("accuracy", 0.9, "Wilson", 100)
    # Wilson's interval of 90 in 100.
    assert found.interval == pytest.approx((0.8256, 0.9448), abs=1e-4)


@pytest.mark.parametrize(("low", "high"), [(0.4, 0.6), (-1.0, 1.0)])
def test_accuracy_of_one_output_is_at_half_or_at_zero(low: float, high: float) -> None:
    labels = np.array([0, 1] * 20)
    outputs = np.where(labels == 1, high, low)[:, np.newaxis]
    assert score(Metric("accuracy"), outputs, samples(labels)).value == 1.0


def test_errors_of_values_and_of_reconstructions() -> None:
    values = RANDOM.normal(size=(40, 2)).astype(np.float32)
    given = samples(values=values)
    shifted = values + np.float32(0.5)
    assert score(Metric(), shifted, given).metric == "mse"
    assert score(Metric("mse"), shifted, given).value == pytest.approx(0.25, rel=1e-4)
    found = score(Metric("mae"), shifted, given)
    assert found.value == pytest.approx(0.5, rel=1e-4)
    assert not found.higher_is_better
    alone = samples()
    assert score(Metric(), alone.inputs * 0, alone).value == pytest.approx(np.square(alone.inputs).mean())
    with pytest.raises(DataError, match="to be compared with"):
        Metric("mse").of(np.zeros((50, 3), np.float32), alone)


def test_a_function_of_the_users_own() -> None:
    def share_of_zeros(expected: npt.NDArray[Any], outputs: npt.NDArray[Any]) -> float:
        return float(np.mean(outputs[:, 0] == 0))

    share_of_zeros.higher_is_better = False  # type: ignore[attr-defined]
    outputs = np.array([[0.0], [1.0]] * 25)
    found = score(Metric("mine:share_of_zeros", share_of_zeros), outputs, samples(np.arange(50) % 2))
    assert (found.metric, found.value, found.higher_is_better) == ("mine:share_of_zeros", 0.5, False)
    assert found.interval[0] < 0.5 < found.interval[1] or found.interval == (0.5, 0.5)

    with pytest.raises(DataError, match="failed: ZeroDivisionError"):
        Metric("bad", lambda *_: 1 / 0).of(np.zeros((50, 1), np.float32), samples())
    with pytest.raises(DataError, match="gave nan"):
        Metric("bad", lambda *_: float("nan")).of(np.zeros((50, 1), np.float32), samples())


def test_without_anything_to_compare_with_nothing_is_known() -> None:
    assert Metric().of(np.zeros((50, 3), np.float32), samples()) is None
    for name in ("accuracy", "auc"):
        assert name in METRICS
        with pytest.raises(DataError, match="needs labels"):
            Metric(name).of(np.zeros((50, 3), np.float32), samples())


def test_the_bootstrap_agrees_with_theory_and_repeats() -> None:
    values = RANDOM.normal(size=400)
    low, high = bootstrap_interval(lambda rows: float(values[rows].mean()), 400)
    half = 1.96 * values.std() / 20
    assert high - low == pytest.approx(2 * half, rel=0.1)
    assert (low, high) == bootstrap_interval(lambda rows: float(values[rows].mean()), 400)

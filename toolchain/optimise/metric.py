"""How good outputs are on held-out samples, with how well that is known.

A metric looks at outputs, not at a network, so that the float network and the int8 model are judged alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from toolchain.errors import DataError
from toolchain.intervals import bootstrap_interval, wilson_interval
from toolchain.optimise.predict import predict
from toolchain.vocabulary.data import Samples
from toolchain.vocabulary.score import Score

Outputs = npt.NDArray[np.float32]
UserMetric = Callable[[npt.NDArray[np.generic], npt.NDArray[np.generic]], float]
"""A metric of the user's own: f(expected, outputs) → figure; see `Metric`."""

# A user's function may be slow, and is called anew for every resample.
_RESAMPLES_OF_USERS = 200


@dataclass(frozen=True, slots=True)
class Metric:
    """The metric `name`: accuracy, auc, mse, mae, or a function of the user's; None: what fits the data.

    `function` is called with what is expected and the outputs, both of shape (samples, …).  Expected are
    the data's labels or values, or the inputs where it has neither.  Larger results are better, unless the
    function has an attribute `higher_is_better` that is False.
    """

    name: str | None = None
    function: UserMetric | None = None

    def __call__(self, network: Any, samples: Samples) -> Score | None:
        """The score of a `tf_keras` network; None where nothing is known to compare with."""
        if _name_for(self, samples, tuple(network.outputs[0].shape[1:])) is None:
            return None
        return self.of(predict(network, samples), samples)

    def of(self, outputs: Outputs, samples: Samples) -> Score | None:
        """The score of outputs, shape (samples, …), real values; None where there is nothing to compare with.

        Raises:
            DataError: the metric was chosen by name, and needs what the data has not.
        """
        name = _name_for(self, samples, outputs.shape[1:])
        if name is None:
            return None
        if self.function is not None:
            return _of_user(name, self.function, outputs, samples)
        return _SCORES[name](outputs, samples)


def _name_for(metric: Metric, samples: Samples, output: tuple[int, ...]) -> str | None:
    """The metric's name, or that of the one that fits: None without labels, values or a reconstruction."""
    if metric.name is not None:
        return metric.name
    if samples.values is not None:
        return "mse"
    rebuilds = output == samples.inputs.shape[1:] and not samples.more_inputs
    if samples.labels is None:
        return "mse" if rebuilds else None
    width, is_yes_or_no = int(np.prod(output)), np.array_equal(np.unique(samples.labels), [0, 1])
    if width == 1:
        return "auc" if is_yes_or_no else None
    # Yes or no at an autoencoder: what it rebuilds badly is the anomaly.
    return "auc" if rebuilds and is_yes_or_no and width > 2 else "accuracy"


def _labels(samples: Samples, metric: str) -> npt.NDArray[np.int64]:
    if samples.labels is None:
        raise DataError(
            f"The metric {metric!r} needs labels, and the data has none.",
            "Give labelled data, or choose metric = 'mse' for what a network rebuilds.",
        )
    return samples.labels


def _accuracy(outputs: Outputs, samples: Samples) -> Score:
    """The largest output at the label; one output: at 0.5, or at 0 where outputs leave 0…1 (logits)."""
    labels = _labels(samples, "accuracy")
    flat = outputs.reshape(len(outputs), -1)
    if flat.shape[1] == 1:
        is_logit = bool(np.any((flat < 0.0) | (flat > 1.0)))
        found = (flat[:, 0] >= (0.0 if is_logit else 0.5)).astype(np.int64)
    else:
        found = np.argmax(flat, axis=1)
    right = int(np.count_nonzero(found == labels))
    interval = wilson_interval(right, len(labels))
    return Score("accuracy", right / len(labels), interval, "Wilson", len(labels))


def _auc(outputs: Outputs, samples: Samples) -> Score:
    """Area under the ROC curve; of several classes the mean of each against the rest.

    One output is the score itself, of two the second; of an autoencoder it is the mean squared error of
    what it rebuilt, so that label 1 is the anomaly.
    """
    labels = _labels(samples, "auc")
    scores = _scores_for_auc(outputs, samples)
    classes = np.unique(labels)
    if len(classes) < 2:
        raise DataError(
            "The held-out samples have only one label, so there is no AUC.",
            "Hold samples of both kinds out, or choose another metric.",
        )

    def statistic(rows: npt.NDArray[np.int64]) -> float:
        drawn, known = scores[rows], labels[rows]
        if drawn.shape[1] == 1:
            return _area(drawn[:, 0], known == 1)
        return float(np.mean([_area(drawn[:, index], known == index) for index in classes]))

    everything = np.arange(len(labels))
    interval = bootstrap_interval(statistic, len(labels), strata=labels)
    return Score("auc", statistic(everything), interval, "bootstrap", len(labels))


def _scores_for_auc(outputs: Outputs, samples: Samples) -> npt.NDArray[np.float64]:
    """Shape (samples, 1) where label 1 is sought, else (samples, classes)."""
    flat = outputs.reshape(len(outputs), -1).astype(np.float64)
    most = int(_labels(samples, "auc").max())
    if most < 2 < flat.shape[1] and outputs.shape == samples.inputs.shape:
        return np.asarray(_errors(outputs, samples, np.square)[:, np.newaxis])
    if flat.shape[1] == 2 and most < 2:
        return flat[:, 1:]
    if most >= max(2, flat.shape[1]):
        raise DataError(
            f"The data has the label {most}, but the network {flat.shape[1]} output(s).",
            "Use labels that the network tells apart.",
        )
    return flat


def _area(scores: npt.NDArray[np.float64], is_sought: npt.NDArray[np.bool_]) -> float:
    """The share of pairs in the right order, ties counted by half (Mann & Whitney 1947)."""
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    sought = int(np.count_nonzero(is_sought))
    others = len(scores) - sought
    return float((ranks[is_sought].sum() - sought * (sought + 1) / 2) / (sought * others))


def _squared(outputs: Outputs, samples: Samples) -> Score:
    return _mean_error("mse", _errors(outputs, samples, np.square))


def _absolute(outputs: Outputs, samples: Samples) -> Score:
    return _mean_error("mae", _errors(outputs, samples, np.abs))


def _expected(samples: Samples) -> npt.NDArray[np.generic]:
    if samples.values is not None:
        return samples.values
    return samples.inputs if samples.labels is None else samples.labels


def _errors(outputs: Outputs, samples: Samples, size: Callable[[Any], Any]) -> npt.NDArray[np.float64]:
    """The mean error of each sample, shape (samples,), against its values, or against its input."""
    wanted = samples.inputs if samples.values is None else samples.values
    if wanted.size != outputs.size:
        raise DataError(
            f"The network gives {outputs.shape[1:]} a sample, to be compared with {wanted.shape[1:]}.",
            "Give values to compare with (labels that are real numbers), or choose another metric.",
        )
    got, due = outputs.astype(np.float64), wanted.astype(np.float64)
    return np.asarray(size(got.reshape(len(got), -1) - due.reshape(len(due), -1)).mean(axis=1))


def _mean_error(name: str, errors: npt.NDArray[np.float64]) -> Score:
    interval = bootstrap_interval(lambda rows: float(errors[rows].mean()), len(errors))
    return Score(name, float(errors.mean()), interval, "bootstrap", len(errors), higher_is_better=False)


def _of_user(name: str, function: UserMetric, outputs: Outputs, samples: Samples) -> Score:
    expected = _expected(samples)

    def statistic(rows: npt.NDArray[np.int64]) -> float:
        try:
            figure = float(function(expected[rows], outputs[rows]))
        except Exception as exc:
            raise DataError(
                f"The metric {name} failed: {type(exc).__name__}: {exc}.",
                "It is called as f(expected, outputs), both of shape (samples, …), and returns a number.",
            ) from exc
        if not np.isfinite(figure):
            raise DataError(f"The metric {name} gave {figure}.", "It has to return a finite number.")
        return figure

    strata = samples.labels
    interval = bootstrap_interval(statistic, len(samples), strata=strata, resamples=_RESAMPLES_OF_USERS)
    higher = bool(getattr(function, "higher_is_better", True))
    return Score(name, statistic(np.arange(len(samples))), interval, "bootstrap", len(samples), higher)


_SCORES: dict[str, Callable[[Outputs, Samples], Score]] = {
    "accuracy": _accuracy,
    "auc": _auc,
    "mse": _squared,
    "mae": _absolute,
}

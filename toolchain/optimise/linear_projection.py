"""Linear projections of samples, fitted by scikit-learn, as the two matrices that a network needs of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from toolchain.errors import DataError
from toolchain.tensorflow_import import import_stack
from toolchain.vocabulary.steps.front_end import Projection

Floats = npt.NDArray[np.float64]

# NMF is found by iteration; ICA's fixed point as well.
_MOST_ITERATIONS = 500


@dataclass(frozen=True, slots=True, eq=False)
class LinearProjection:
    """features = (x - mean) @ forward, and x is near features @ back + mean.

    Shapes (inputs,), (inputs, features), (features, inputs).  Over the samples it was fitted to, each
    feature has a standard deviation of 1, so that one int8 scale suits them all.
    """

    mean: Floats
    forward: Floats
    back: Floats


def fit_projection(rows: Floats, kind: Projection, components: int | None, seed: int) -> LinearProjection:
    """Fit to `rows`, shape (samples, inputs).

    NMF's factors are not a linear map of the input; what is kept of it is the least-squares projection on its
    components, which is.

    Raises:
        DataError: there are fewer samples or inputs than components, or NMF is given negative values.
    """
    if kind == "standardise":
        spread = _spread(rows)
        return LinearProjection(rows.mean(axis=0), np.diag(1.0 / spread), np.diag(spread))
    assert components is not None
    if components > min(rows.shape):
        raise DataError(
            f"{components} components cannot be had from {rows.shape[0]} samples of {rows.shape[1]} values.",
            f"Set components to {min(rows.shape)} or fewer.",
        )
    if kind == "nmf" and rows.min() < 0:
        raise DataError(
            f"NMF factors values that are not negative, but the training data has {rows.min():g}.",
            "Take the projection 'pca' or 'svd'.",
        )
    mean, forward = _fitted(rows, kind, components, seed)
    return _of_unit_spread(rows, mean, forward)


def _fitted(rows: Floats, kind: Projection, components: int, seed: int) -> tuple[Floats, Floats]:
    """The mean that is taken off, and the map to the components, as the library found them."""
    library: Any = import_stack("sklearn.decomposition")
    nothing = np.zeros(rows.shape[1])
    if kind == "pca":
        pca = library.PCA(components, random_state=seed).fit(rows)
        return np.asarray(pca.mean_, np.float64), np.asarray(pca.components_, np.float64).T
    if kind == "svd":
        svd = library.TruncatedSVD(components, algorithm="arpack", random_state=seed).fit(rows)
        return nothing, np.asarray(svd.components_, np.float64).T
    if kind == "nmf":
        nmf = library.NMF(components, init="nndsvda", max_iter=_MOST_ITERATIONS, tol=1e-3, random_state=seed)
        return nothing, np.linalg.pinv(np.asarray(nmf.fit(rows).components_, np.float64))
    ica = library.FastICA(
        components, whiten="unit-variance", max_iter=_MOST_ITERATIONS, tol=1e-2, random_state=seed
    )
    return np.asarray(ica.fit(rows).mean_, np.float64), np.asarray(ica.components_, np.float64).T


def _of_unit_spread(rows: Floats, mean: Floats, forward: Floats) -> LinearProjection:
    """Features scaled to unit spread; the way back is the least-squares one over the rows."""
    forward = forward / _spread((rows - mean) @ forward)
    features = (rows - mean) @ forward
    back = np.asarray(np.linalg.lstsq(features, rows - mean, rcond=None)[0], np.float64)
    return LinearProjection(mean, forward, back)


def _spread(rows: Floats) -> Floats:
    """The standard deviation of each column; 1 for one that never changes."""
    spread = rows.std(axis=0)
    return np.where(spread > 1e-7 * max(1.0, float(np.abs(rows).max())), spread, 1.0)

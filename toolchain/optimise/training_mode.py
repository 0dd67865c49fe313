"""How layers that work otherwise in training than in inference are to work in a training."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from toolchain.optimise.batch_statistics import averages_that_keep_up
from toolchain.vocabulary.steps.training import TrainingSettings

_DROPOUTS = (
    "Dropout",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "AlphaDropout",
    "GaussianDropout",
)


@contextmanager
def training_mode(network: Any, settings: TrainingSettings, steps: int) -> Iterator[None]:
    """Within, BatchNormalization and Dropout are as `settings` says, for a training of so many steps.

    Frozen, BatchNormalization keeps its weights and normalises by its averages, as in inference: those of a
    network that was trained on much are better than what a few samples say.
    """
    norms = [part for part in network.submodules if type(part).__name__ == "BatchNormalization"]
    dropouts = [part for part in network.submodules if type(part).__name__ in _DROPOUTS]
    before = [part.trainable for part in norms], [part.rate for part in dropouts]
    if settings.batch_norm == "frozen":
        for part in norms:
            part.trainable = False
    if not settings.dropout:
        for part in dropouts:
            part.rate = 0.0
    try:
        with averages_that_keep_up(network, steps):
            yield
    finally:
        for part, trainable in zip(norms, before[0], strict=True):
            part.trainable = trainable
        for part, rate in zip(dropouts, before[1], strict=True):
            part.rate = rate

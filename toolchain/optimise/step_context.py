"""What every step is given besides the network and its settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from toolchain.errors import DataError, ModelError
from toolchain.optimise.fit import fit
from toolchain.optimise.keep_structure import keep_structure
from toolchain.optimise.loss import loss_for, with_teacher
from toolchain.optimise.metric import Metric
from toolchain.optimise.predict import predict
from toolchain.optimise.task import Task, task_of
from toolchain.vocabulary.data import DataSet, Samples
from toolchain.vocabulary.optimisation import Progress
from toolchain.vocabulary.steps.training import DistilSettings, TrainingSettings


@dataclass(slots=True)
class StepContext:
    """The data, the seed and the means of one step.

    `metric(network, samples)` is the user's metric.  `original` is the network as it was given, before any
    step; `load_teacher` reads another one from a file.  `checkpoints` is a folder of this step's own.
    """

    data: DataSet | None
    seed: int
    progress: Progress
    metric: Metric = field(default_factory=Metric)
    checkpoints: Path | None = None
    original: Any = None
    load_teacher: Callable[[Path], Any] | None = None
    _fits: int = field(default=0, init=False)

    def training(self, step: str) -> Samples:
        """The samples to train on.

        Raises:
            DataError: there are none.
        """
        if self.data is None or self.data.train is None:
            raise DataError(
                f"The step {step!r} trains the network, and there are no data to train on.",
                f"Give samples ([data] path, or --data), or leave the step {step!r} out.",
            )
        return self.data.train

    def fit(
        self,
        network: Any,
        settings: TrainingSettings,
        *,
        words: str | None = None,
        callbacks: Sequence[Any] = (),
        loss: Any = None,
    ) -> None:
        """Train `network` in place, see `fit`; a step may call it several times.

        The loss follows from the network's output and the data, unless one is given; with
        `settings.distil` the teacher's is added.

        Raises:
            DataError, ModelError: the network cannot be trained on this data, or the training diverged.
        """
        samples = self.training(settings.step)
        taught = None
        if settings.distil is not None:
            taught = predict(self._teacher(settings.distil), samples)
            _check_teacher(taught.shape[1:], network)
            if samples.labels is None and settings.distil.alpha == 1.0:
                # The teacher alone decides, so these weigh nothing.
                unused = np.zeros(len(samples), np.int64)
                samples = Samples(samples.inputs, unused, samples.values, samples.more_inputs)
        task = task_of(network, samples, settings.step)
        targets = task.targets(samples)
        loss = loss_for(task) if loss is None else loss
        if settings.distil is not None and taught is not None:
            loss, targets = with_teacher(task, loss, targets, taught, settings.distil)
        number = self._fits
        self._fits += 1
        fit(
            network,
            samples,
            targets,
            settings,
            loss=loss,
            seed=(self.seed + number) % 2**32,
            progress=self.progress,
            words=words or settings.step,
            callbacks=[*keep_structure(network), *callbacks],
            checkpoint=None if self.checkpoints is None else self.checkpoints / f"fit-{number}.npz",
        )

    def task(self, network: Any, step: str) -> Task:
        """What the network is trained for on this data; DataError or ModelError where it cannot be."""
        return task_of(network, self.training(step), step)

    def _teacher(self, settings: DistilSettings) -> Any:
        if settings.teacher is None:
            return self.original
        if self.load_teacher is None:
            raise ModelError(
                f"The teacher {settings.teacher} cannot be loaded here.",
                "Run the step through `chipcast deploy` or `chipcast optimise`.",
            )
        return self.load_teacher(settings.teacher)


def _check_teacher(taught: tuple[int, ...], network: Any) -> None:
    wanted = tuple(network.output_shape[1:])
    if int(np.prod(taught)) != int(np.prod(wanted)):
        raise ModelError(
            f"The teacher gives {taught} a sample, the network {wanted}.",
            "Take a teacher that was trained for the same classes.",
        )

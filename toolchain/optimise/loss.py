"""The loss that fits a task, alone or with a teacher beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from toolchain.optimise.task import Aim, Task
from toolchain.tensorflow_import import import_stack
from toolchain.vocabulary.steps.training import DistilSettings

# Probabilities below it are taken for it, so that they have a logarithm in float32.
_LEAST_PROBABILITY = 1e-7


def loss_for(task: Task) -> Any:
    """Cross-entropy for classes, squared error for values."""
    losses = import_stack("tf_keras").losses
    if task.aim is Aim.CLASSIFY:
        return losses.SparseCategoricalCrossentropy(from_logits=task.is_logits)
    if task.aim is Aim.DETECT:
        return losses.BinaryCrossentropy(from_logits=task.is_logits)
    return losses.MeanSquaredError()


def with_teacher(
    task: Task,
    hard: Any,
    targets: npt.NDArray[np.generic],
    taught: npt.NDArray[np.float32],
    settings: DistilSettings,
) -> tuple[Any, npt.NDArray[np.float32]]:
    """A loss by the teacher's outputs `taught` and the targets, and the array of both it wants for targets.

    Both arrays have shape (samples, …).  Soft is the Kullback-Leibler divergence for classes, times T² as
    arXiv:1503.02531 has it, so that its gradients keep their size; the squared error for values.
    """
    tensorflow = import_stack("tensorflow")
    aims = np.asarray(targets, np.float32).reshape(len(targets), -1)
    soft = taught.reshape(len(taught), -1)
    width = aims.shape[1]

    def loss(both: Any, got: Any) -> Any:
        flat = tensorflow.reshape(got, (-1, soft.shape[1]))
        by_teacher = tensorflow.reduce_mean(_soft_loss(tensorflow, task, both[:, width:], flat, settings))
        if settings.alpha == 1.0:
            return by_teacher
        return settings.alpha * by_teacher + (1.0 - settings.alpha) * hard(both[:, :width], flat)

    return loss, np.concatenate([aims, soft], axis=1)


def difference(task: Task, before: npt.NDArray[np.float32], after: npt.NDArray[np.float32]) -> float:
    """How far a network's outputs have moved, the mean over samples; 0 if not at all.

    The Kullback-Leibler divergence for classes, in nats; the squared error for values.
    """
    tensorflow = import_stack("tensorflow")
    old, new = (array.reshape(len(array), -1) for array in (before, after))
    plain = DistilSettings(temperature=1.0)
    moved, still = (_soft_loss(tensorflow, task, old, other, plain) for other in (new, old))
    return float(np.mean(np.asarray(moved, np.float64) - np.asarray(still, np.float64)))


def _soft_loss(tensorflow: Any, task: Task, teacher: Any, network: Any, settings: DistilSettings) -> Any:
    """The teacher's part, a value a sample; both of shape (batch, outputs)."""
    heat = settings.temperature
    if task.aim is Aim.CLASSIFY:
        log_teacher = tensorflow.nn.log_softmax(_logits(tensorflow, task, teacher) / heat)
        log_network = tensorflow.nn.log_softmax(_logits(tensorflow, task, network) / heat)
        difference = tensorflow.exp(log_teacher) * (log_teacher - log_network)
        return heat * heat * tensorflow.reduce_sum(difference, axis=-1)
    if task.aim is Aim.DETECT:
        wanted = tensorflow.sigmoid(_logits(tensorflow, task, teacher) / heat)
        got = _logits(tensorflow, task, network) / heat
        return heat * heat * tensorflow.nn.sigmoid_cross_entropy_with_logits(labels=wanted, logits=got)
    return tensorflow.reduce_mean(tensorflow.square(teacher - network), axis=-1)


def _logits(tensorflow: Any, task: Task, outputs: Any) -> Any:
    """Outputs as logits (of softmax: up to a constant, which softmax takes out again)."""
    if task.is_logits:
        return outputs
    clipped = tensorflow.clip_by_value(outputs, _LEAST_PROBABILITY, 1.0)
    if task.aim is Aim.CLASSIFY:
        return tensorflow.math.log(clipped)
    rest = tensorflow.clip_by_value(1.0 - outputs, _LEAST_PROBABILITY, 1.0)
    return tensorflow.math.log(clipped) - tensorflow.math.log(rest)

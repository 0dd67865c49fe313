"""The optimise room's corridor: a loaded model through the steps, each with its record, into one file."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from toolchain.errors import DataError
from toolchain.optimise.evaluate import accuracy
from toolchain.optimise.prune import prune, sparsity_of
from toolchain.tensorflow_import import import_stack, tensorflow_noise_to
from toolchain.vocabulary.data import DataSet
from toolchain.vocabulary.optimisation import (
    KerasModel,
    KerasSummary,
    OptimisedModel,
    Progress,
    StepRecord,
)
from toolchain.vocabulary.settings import OptimiseStep

MODEL_FILE = "float_model.keras"

# One more step is one more file beside prune.py, and one more line here.
_STEPS: Mapping[str, Callable[..., Any]] = {"prune": prune}


def optimise_model(
    model: KerasModel,
    steps: Sequence[OptimiseStep],
    data: DataSet | None,
    *,
    seed: int,
    work: Path,
    progress: Progress,
    log: Path | None = None,
) -> OptimisedModel:
    """Run `steps` in order on `model` and leave the result in the folder `work`.

    `data` fits the model: float32, shape (samples, *model.input_shape[1:]).  With the same seed, on
    one machine, the same weights come out.  Accuracies are of the float model on `data.test`.  The
    file appears whole or not at all.  `log` receives TensorFlow's native output.

    Raises:
        DataError: a step trains and there is no (labelled, fitting) data.
        ModelError: a step cannot work on this model.
        MissingPackageError: the TensorFlow stack is not installed.
    """
    if steps and data is None:
        raise DataError(
            f"The step {steps[0].step!r} needs data, and there is none.",
            "Give samples with --data FILE.npz, or leave the step out.",
        )
    with tensorflow_noise_to(log):
        _make_repeatable(seed)
        network, known = model.network, None if data is None else accuracy(model.network, data.test)
        summary = _summary(model, known)
        records: list[StepRecord] = []
        for number, step in enumerate(steps):
            inner = _part_of(progress, number, len(steps))
            network = _STEPS[step.step](network, data, step, seed=seed, progress=inner)
            before, known = known, None if data is None else accuracy(network, data.test)
            records.append(StepRecord(step.step, step.model_dump(), before, known, sparsity_of(network)))
        file = _save(network, work)
    progress(1.0, "saved")
    return OptimisedModel(file, model.input_shape, summary, tuple(records))


def _make_repeatable(seed: int) -> None:
    tensorflow, tf_keras = import_stack("tensorflow"), import_stack("tf_keras")
    tf_keras.utils.set_random_seed(seed)
    tensorflow.config.experimental.enable_op_determinism()


def _summary(model: KerasModel, known: float | None) -> KerasSummary:
    return KerasSummary(
        name=model.source.stem,
        source=model.source.name,
        sha256=model.sha256,
        parameters=int(sum(np.prod(weight.shape, dtype=np.int64) for weight in model.network.weights)),
        file_bytes=model.file_bytes,
        accuracy=known,
    )


def _part_of(progress: Progress, number: int, steps: int) -> Progress:
    """Progress of one step as part of them all."""
    return lambda share, words: progress((number + share) / steps, words)


def _save(network: Any, work: Path) -> Path:
    work.mkdir(parents=True, exist_ok=True)
    # The name tells Keras the format, so the temporary one ends alike.
    temporary, file = work / f".part-{os.getpid()}.keras", work / MODEL_FILE
    try:
        network.save(temporary, save_format="keras")
        os.replace(temporary, file)
    finally:
        temporary.unlink(missing_ok=True)
    return file

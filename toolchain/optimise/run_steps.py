"""The optimise room's corridor: a loaded model through the steps, each with its record, into one file."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from toolchain.errors import DataError
from toolchain.network_file import save_network
from toolchain.optimise.check_order import check_order
from toolchain.optimise.cluster import cluster
from toolchain.optimise.count_network import count_network
from toolchain.optimise.factorise import factorise
from toolchain.optimise.fine_tune import fine_tune
from toolchain.optimise.front_end import front_end
from toolchain.optimise.lottery_ticket import lottery_ticket
from toolchain.optimise.metric import Metric
from toolchain.optimise.prune import prune
from toolchain.optimise.prune_channels import prune_channels
from toolchain.optimise.qat import qat
from toolchain.optimise.separate_convolutions import separate_convolutions
from toolchain.optimise.sparsity import sparsity_of
from toolchain.optimise.step_context import StepContext
from toolchain.optimise.student import student
from toolchain.tensorflow_import import import_stack, tensorflow_noise_to
from toolchain.vocabulary.data import DataSet
from toolchain.vocabulary.optimisation import (
    KerasModel,
    KerasSummary,
    NetworkPoint,
    OptimisedModel,
    Progress,
    StepRecord,
)
from toolchain.vocabulary.score import Score
from toolchain.vocabulary.steps.union import OptimiseStep

MODEL_FILE = "float_model.keras"

# One more step is one more file beside prune.py, and one more line here.
_STEPS: Mapping[str, Callable[..., Any]] = {
    "cluster": cluster,
    "factorise": factorise,
    "fine_tune": fine_tune,
    "lottery_ticket": lottery_ticket,
    "front_end": front_end,
    "prune": prune,
    "prune_channels": prune_channels,
    "qat": qat,
    "separate_convolutions": separate_convolutions,
    "student": student,
}


def optimise_model(
    model: KerasModel,
    steps: Sequence[OptimiseStep],
    data: DataSet | None,
    *,
    seed: int,
    work: Path,
    progress: Progress,
    log: Path | None = None,
    metric: Metric | None = None,
    load_teacher: Callable[[Path], Any] | None = None,
    checkpoints: Path | None = None,
) -> OptimisedModel:
    """Run `steps` in order on `model` and leave the result in the folder `work`.

    `data` fits the model: float32, shape (samples, *model.input_shape[1:]).  With the same seed, on
    one machine, the same weights come out; what a step draws follows from the seed, its place and its name,
    not from what those before it drew.  Scores are of the float model on `data.test`, by `metric`
    (None: what fits the data).  `load_teacher` reads a teacher for distillation.  Files appear whole
    or not at all.  `checkpoints` is a folder for the state of trainings: a run that was killed goes on from
    there, and removes it in the end.  `log` receives TensorFlow's native output.

    Raises:
        DataError: a step trains and there is no (labelled, fitting) data.
        ConfigError: a step would undo an earlier one.
        ModelError: a step cannot work on this model.
        MissingPackageError: the TensorFlow stack is not installed.
    """
    if steps and data is None:
        raise DataError(
            f"The step {steps[0].step!r} needs data, and there is none.",
            "Give samples with --data FILE.npz, or leave the step out.",
        )
    check_order([step.step for step in steps])
    with tensorflow_noise_to(log):
        _make_repeatable(seed)
        metric = metric or Metric()
        network, known = model.network, _score(metric, model.network, data)
        summary = _summary(model, known)
        files = [
            work / f"{number}-{label}.keras" for number, label in enumerate(("given", *map(_name, steps)))
        ]
        files[-1] = work / MODEL_FILE
        points = [_point("as given", {}, network, known, files[0])]
        records: list[StepRecord] = []
        for number, step in enumerate(steps):
            own_seed = _seed_of(seed, number, step.step)
            _make_repeatable(own_seed)
            context = StepContext(
                data,
                own_seed,
                _part_of(progress, number, len(steps)),
                metric,
                None if checkpoints is None else checkpoints / f"{number}-{step.step}",
                model.network,
                load_teacher,
            )
            network = _STEPS[step.step](network, step, context)
            before, known = known, _score(metric, network, data)
            records.append(_record(step, before, known, network))
            label = f"{number + 1} {step.step}"
            points.append(_point(label, records[-1].settings, network, known, files[number + 1]))
    if checkpoints is not None:
        shutil.rmtree(checkpoints, ignore_errors=True)
    progress(1.0, "saved")
    more = model.input_shapes[1:]
    return OptimisedModel(files[-1], model.input_shape, summary, tuple(records), tuple(points), more)


def _score(metric: Metric, network: Any, data: DataSet | None) -> Score | None:
    return None if data is None else metric(network, data.test)


def _name(step: OptimiseStep) -> str:
    return step.step


def _point(
    label: str, settings: Mapping[str, object], network: Any, score: Score | None, file: Path
) -> NetworkPoint:
    """The network as it stands now, saved so that it can be converted and built like the last one."""
    save_network(network, file)
    return NetworkPoint(label, settings, file, score, count_network(network))


def _record(step: OptimiseStep, before: Score | None, after: Score | None, network: Any) -> StepRecord:
    return StepRecord(
        step=step.step,
        settings=step.model_dump(mode="json"),
        accuracy_before=_accuracy(before),
        accuracy_after=_accuracy(after),
        sparsity=sparsity_of(network),
        before=before,
        after=after,
    )


def _accuracy(score: Score | None) -> float | None:
    return score.value if score is not None and score.metric == "accuracy" else None


def _seed_of(seed: int, number: int, name: str) -> int:
    """The seed (32 bits) of one step, which no other step of the run has."""
    drawn = np.random.SeedSequence([seed, number, *name.encode()]).generate_state(1)
    return int(drawn[0])


def _make_repeatable(seed: int) -> None:
    tensorflow, tf_keras = import_stack("tensorflow"), import_stack("tf_keras")
    tf_keras.utils.set_random_seed(seed)
    tensorflow.config.experimental.enable_op_determinism()


def _summary(model: KerasModel, known: Score | None) -> KerasSummary:
    return KerasSummary(
        name=model.source.stem,
        source=model.source.name,
        sha256=model.sha256,
        parameters=int(sum(np.prod(weight.shape, dtype=np.int64) for weight in model.network.weights)),
        file_bytes=model.file_bytes,
        accuracy=_accuracy(known),
    )


def _part_of(progress: Progress, number: int, steps: int) -> Progress:
    """Progress of one step as part of them all."""
    return lambda share, words: progress((number + share) / steps, words)

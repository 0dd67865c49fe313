"""What every step that trains can be told."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from toolchain.vocabulary.settings import Settings


class DistilSettings(Settings):
    """Knowledge distillation (Hinton, Vinyals & Dean 2015, arXiv:1503.02531).

    The loss is alpha * T² * soft + (1 - alpha) * hard: `soft` between the outputs of teacher and network,
    both softened by the temperature T, `hard` the loss without a teacher.
    """

    teacher: Path | None = Field(
        default=None, strict=False, description="a Keras model; left out: the model as it was given"
    )
    temperature: float = Field(default=4.0, gt=0.0, le=1000.0)
    alpha: float = Field(default=0.5, gt=0.0, le=1.0, description="the teacher's share of the loss")


class TrainingSettings(Settings):
    """Adam for so many epochs; what it aims at follows from the network's output and the data.

    Every step that trains inherits these and gives `step` its own name.
    """

    step: str
    epochs: int = Field(default=10, ge=1, le=10_000)
    batch_size: int = Field(default=32, ge=1, le=65_536)
    learning_rate: float = Field(default=1e-3, gt=0.0, le=10.0)
    decay: Literal["none", "cosine"] = Field(
        default="none", description="how the learning rate falls: to zero at the end, as a half wave"
    )
    batch_norm: Literal["train", "frozen"] = Field(
        default="train",
        description="frozen: BatchNormalization stays as it is and works as in inference; for few samples",
    )
    dropout: bool = Field(
        default=True,
        description="false: Dropout layers let all pass, as is best where a teacher teaches",
    )
    distil: DistilSettings | None = None

"""What an optimisation step cost and what it bought."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Progress = Callable[[float, str], None]
"""Called with the share done (0…1) and a few words on what is being done; may raise to interrupt."""


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One step as it ran.  Accuracies (float model, held-out samples) are None without labels.

    `sparsity` is the share of zeros among all prunable weights (kernels, not biases) afterwards.
    """

    step: str
    settings: Mapping[str, object]
    accuracy_before: float | None
    accuracy_after: float | None
    sparsity: float | None


@dataclass(frozen=True, slots=True)
class KerasSummary:
    """The float model as it entered: parameters, bytes of the source file, and accuracy if labels exist."""

    name: str
    source: str
    sha256: str
    parameters: int
    file_bytes: int
    accuracy: float | None

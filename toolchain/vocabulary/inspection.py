"""What `chipcast inspect` finds in a model file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from toolchain.vocabulary.model_figures import ModelFigures


@dataclass(frozen=True, slots=True)
class Inspection:
    """A model file and what was counted in it.

    `format` is "keras" or "tflite"; `file_bytes` as it lies on disk, `gzip_bytes` compressed (None for a
    folder).  `inputs` and `outputs` are in words: type, shape, quantisation.
    """

    source: Path
    format: str
    sha256: str
    file_bytes: int
    gzip_bytes: int | None
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    figures: ModelFigures

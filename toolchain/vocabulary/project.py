"""What a rendered project says of itself in chipcast.json."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from toolchain.vocabulary.benchmark import BenchmarkId
from toolchain.vocabulary.board import Board
from toolchain.vocabulary.layers import ProgramFacts

MANIFEST_FILE = "chipcast.json"
MODEL_FILE = "model.tflite"
MODEL_ARRAY = "model_data.cc"
"""In the `src` of a project whose engine interprets the model: the file as a C array."""


@dataclass(frozen=True, slots=True)
class ProjectManifest:
    """Board, engine and program that the project was rendered for; read back by `flash` and `measure`.

    `layer_tensors`: the firmware can tell any layer's output; `benchmark`: whose device under test it is.
    """

    schema: Literal["chipcast.project/1"]
    engine: str
    per_layer_timing: bool
    board: Board
    program: ProgramFacts
    layer_tensors: bool = False
    benchmark: BenchmarkId | None = None

"""A Program and a Board become a PlatformIO project that stands on its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import TypeAdapter

from toolchain.render.model_source import render_model
from toolchain.render.project_files import project_files
from toolchain.render.write_folder import write_folder
from toolchain.vocabulary.benchmark import BenchmarkId
from toolchain.vocabulary.board import Board
from toolchain.vocabulary.layers import facts_of
from toolchain.vocabulary.program import Program
from toolchain.vocabulary.project import MANIFEST_FILE, MODEL_FILE, ProjectManifest


def render_project(
    program: Program,
    board: Board,
    model_tflite: bytes,
    folder: Path,
    *,
    per_layer_timing: bool = False,
    layer_tensors: bool = False,
    benchmark: BenchmarkId | None = None,
    model_array: Mapping[str, str] | None = None,
    arena_probe: bool = False,
) -> None:
    """Write the project to `folder`: sources, kernels, platform, and the model file it was made from.

    With `per_layer_timing` the firmware also times each layer, which costs a few instructions a layer;
    with `layer_tensors` it can tell any layer's output (a comparison a layer); with `benchmark` it is
    MLPerf Tiny's device under test for that benchmark; with `arena_probe` it can tell how small its arena may
    be.  An interpreted program needs `model_array`, the model file as C++ (name → text).
    A folder rendered before is brought up to date: what has not changed is not touched.

    Raises:
        BoardError: the board names board support that does not exist.
        ConfigError: the folder holds someone else's files, or cannot be written; the model is not the
            benchmark's.
    """
    files = project_files(
        program,
        board,
        {**render_model(program), **(model_array or {})},
        per_layer_timing=per_layer_timing,
        layer_tensors=layer_tensors,
        benchmark=benchmark,
        arena_probe=arena_probe,
    )
    files[MODEL_FILE] = model_tflite
    files[MANIFEST_FILE] = _manifest(
        program,
        board,
        per_layer_timing=per_layer_timing,
        layer_tensors=layer_tensors,
        benchmark=benchmark,
    )
    write_folder(folder, files)


def _manifest(
    program: Program,
    board: Board,
    *,
    per_layer_timing: bool,
    layer_tensors: bool,
    benchmark: BenchmarkId | None,
) -> bytes:
    manifest = ProjectManifest(
        schema="chipcast.project/1",
        engine=program.engine,
        per_layer_timing=per_layer_timing,
        board=board,
        program=facts_of(program),
        layer_tensors=layer_tensors,
        benchmark=benchmark,
    )
    return TypeAdapter(ProjectManifest).dump_json(manifest, indent=1) + b"\n"

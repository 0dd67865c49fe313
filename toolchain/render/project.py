"""A Program and a Board become a PlatformIO project that stands on its own."""

from __future__ import annotations

from pathlib import Path

from toolchain.render.model_source import render_model
from toolchain.render.project_files import project_files
from toolchain.render.write_folder import write_folder
from toolchain.vocabulary.board import Board
from toolchain.vocabulary.program import Program


def render_project(
    program: Program, board: Board, model_tflite: bytes, folder: Path, *, per_layer_timing: bool = False
) -> None:
    """Write the project to `folder`: sources, kernels, platform, and the model file it was made from.

    With `per_layer_timing` the firmware also times each layer, which costs a few instructions a layer.
    A folder rendered before is brought up to date: what has not changed is not touched.

    Raises:
        BoardError: the board names board support that does not exist.
        ConfigError: the folder holds someone else's files, or cannot be written.
    """
    files = project_files(program, board, render_model(program), per_layer_timing=per_layer_timing)
    files["model.tflite"] = model_tflite
    write_folder(folder, files)

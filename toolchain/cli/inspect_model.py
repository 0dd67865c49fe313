"""`chipcast inspect`: what stands in a model file, layer by layer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toolchain.cli.console import print_json, print_result
from toolchain.cli.options import CustomObjects, Json

HELP = """Print what a model keeps and computes, layer by layer: shape, parameters, bytes, MACs, FLOPs,
quantisation, and which weights are zero.

MODEL is a Keras model (.keras, .h5, SavedModel folder) or a .tflite of any type. Nothing is run or changed.

[bold]Examples[/]

  chipcast inspect model.keras

  chipcast inspect kws.tflite --json
"""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("inspect", help=HELP)(inspect_model)


def inspect_model(
    model: Annotated[Path, typer.Argument(help="Keras model or .tflite", show_default=False)],
    custom_objects: CustomObjects = None,
    json: Json = False,
) -> None:
    """See HELP."""
    from toolchain.pipeline.inspect_model import inspect_model as run  # noqa: PLC0415 (keeps `--help` fast)
    from toolchain.report.inspection_table import inspection_as_dict, inspection_as_text  # noqa: PLC0415

    inspection = run(model, custom_objects=custom_objects)
    if json:
        print_json(inspection_as_dict(inspection))
    else:
        print_result(*inspection_as_text(inspection))

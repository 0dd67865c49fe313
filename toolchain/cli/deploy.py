"""`chipcast deploy`: the whole corridor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from toolchain.cli.console import StageDisplay, print_json, print_result
from toolchain.cli.options import Force, Json, Out, Source, configuration, with_configuration

HELP = """Optimise, convert, compile, build, flash and measure a model; print the report.

SOURCE is a deploy.toml, a Keras model (.keras, .h5, SavedModel folder) or an int8 .tflite.

[bold]Examples[/]

  chipcast deploy examples/digits/deploy.toml

  chipcast deploy model.keras --data digits.npz --prune 0.5 --board sim_cortex_m4

  chipcast deploy model.keras --data digits.npz --step 'prune sparsity=0.6 epochs=5'

  chipcast deploy kws.tflite --data kws.npz --board host --json
"""

Memory = Annotated[bool, typer.Option("--memory-map", help="also print who lies where in the arena")]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("deploy", help=HELP)(with_configuration(deploy))


def deploy(
    source: Source,
    overrides: Mapping[str, Any],
    out: Out = None,
    force: Force = False,
    memory_map: Memory = False,
    json: Json = False,
) -> None:
    """See HELP."""
    from toolchain.pipeline.budget import require_budget  # noqa: PLC0415 (keeps `--help` fast)
    from toolchain.pipeline.deploy import deploy as run  # noqa: PLC0415
    from toolchain.report.json_file import report_as_dict  # noqa: PLC0415
    from toolchain.report.memory_map import memory_as_text  # noqa: PLC0415
    from toolchain.report.terminal import report_as_text  # noqa: PLC0415

    config = configuration(source, overrides)
    with StageDisplay() as display:
        report = run(config, out=out, force=force, observer=display)
    if json:
        print_json(report_as_dict(report))
    else:
        print_result(*report_as_text(report), *(["", *memory_as_text(report.memory)] if memory_map else []))
    require_budget(report.budget)

"""`chipcast optimise`: the steps without a board, or with one for its figures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from toolchain.cli.console import StageDisplay, print_json, print_result
from toolchain.cli.options import Force, Json, Source, configuration, with_configuration

HELP = """Optimise and convert a model, and print what each step cost and what it bought.

No board is needed. With --board every stage of the model is built and run there as well, for flash, RAM and
instructions or time.

SOURCE is a deploy.toml (its board is left alone) or a Keras model (.keras, .h5, SavedModel folder).

[bold]Examples[/]

  chipcast optimise model.keras --data digits.npz --prune 0.5

  chipcast optimise model.keras --data digits.npz --step 'prune sparsity=0.6'
  --compare float16 --compare dynamic-range

  chipcast optimise examples/digits/deploy.toml --board sim_cortex_m4 --json
"""

Out = Annotated[Path | None, typer.Option(help="output folder \\[out/NAME-optimised]", show_default=False)]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("optimise", help=HELP)(with_configuration(optimise))


def optimise(
    source: Source,
    overrides: Mapping[str, Any],
    out: Out = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """See HELP."""
    from toolchain.pipeline.budget import require_budget  # noqa: PLC0415 (keeps `--help` fast)
    from toolchain.pipeline.optimise import optimise_model as run  # noqa: PLC0415
    from toolchain.report.points_table import optimisation_as_dict, optimisation_as_text  # noqa: PLC0415

    config = configuration(source, overrides)
    with StageDisplay() as display:
        report = run(config, on_board="board" in overrides, out=out, force=force, observer=display)
    if json:
        print_json(optimisation_as_dict(report))
    else:
        print_result(*optimisation_as_text(report))
    require_budget(report.budget)

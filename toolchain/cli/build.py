"""`chipcast build`: firmware, without touching a device."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toolchain.cli.console import StageDisplay, print_json, print_result
from toolchain.cli.options import (
    BoardName,
    DataFile,
    Engine,
    Force,
    Json,
    Optimise,
    Out,
    Prune,
    Step,
    TflmLibrary,
    configuration,
    given,
    overrides_of,
)

if TYPE_CHECKING:
    from toolchain.vocabulary.firmware import Firmware

HELP = """Build firmware, without touching a device.

SOURCE is a project folder or an output folder of `chipcast deploy` (built as it stands), or anything
that `chipcast deploy` takes (the corridor is then walked up to the firmware).

[bold]Examples[/]

  chipcast build out/digits-sim_cortex_m4

  chipcast build kws.tflite --board sim_cortex_m4 --json
"""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("build", help=HELP)(build)


def build(
    source: Annotated[Path, typer.Argument(help="project, output folder, deploy.toml or model")],
    data: DataFile = None,
    board: BoardName = None,
    engine: Engine = None,
    tflm_library: TflmLibrary = None,
    optimise_for: Optimise = None,
    prune: Prune = None,
    step: Step = None,
    out: Out = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """See HELP."""
    from toolchain.errors import ConfigError  # noqa: PLC0415 (keeps `--help` fast)
    from toolchain.pipeline.deploy import build as run  # noqa: PLC0415
    from toolchain.pipeline.project import build_project, is_project  # noqa: PLC0415

    options = given(
        data=data,
        board=board,
        engine=engine,
        tflm_library=tflm_library,
        optimise_for=optimise_for,
        prune=prune,
        step=step or None,
    )
    if is_project(source):
        unusable = {**options, **given(out=out)}
        if unusable:
            first = next(iter(unusable)).replace("_", "-")
            raise ConfigError(
                f"--{first} does not apply to a project that is rendered already.",
                "Leave it out, or give the model instead.",
            )
        firmware = build_project(source)
    else:
        config = configuration(source, overrides_of(**options))
        with StageDisplay() as display:
            firmware = run(config, out=out, force=force, observer=display)
    _show(firmware, json)


def _show(firmware: Firmware, json: bool) -> None:
    from toolchain.report.firmware_table import firmware_as_dict, firmware_as_text  # noqa: PLC0415

    if json:
        print_json(firmware_as_dict(firmware))
    else:
        print_result(*firmware_as_text(firmware))

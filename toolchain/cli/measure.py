"""`chipcast measure`: run data through the firmware on a board."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toolchain.cli.console import StageDisplay, print_json, print_result
from toolchain.cli.line_options import Baud, Dtr, Port, Ready, Reconnect, Rts
from toolchain.cli.options import (
    Classes,
    DataFile,
    Inputs,
    Json,
    Labels,
    RandomSamples,
    ResetState,
    Runs,
    SampleCount,
    Scale,
    Seed,
    Timeout,
    WarmUp,
    overrides_of,
)

if TYPE_CHECKING:
    from toolchain.errors import ParityError
    from toolchain.vocabulary.measurement import Parity

HELP = """Run data through the firmware on a board: time, accuracy and parity with the host's oracle.

The board must run exactly the build in PROJECT; a simulated board is started where none runs. Results are
kept as they come: a run that is broken off goes on where it was when the same command is given again.

[bold]Examples[/]

  chipcast measure out/digits-sim_cortex_m4 --data examples/digits/digits.npz

  chipcast measure out/kws-nucleo --data kws.npz --port usb:066BFF323532 --journal run.jsonl

  chipcast measure out/kws-nucleo --port auto --no-dtr --reconnect 600
"""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("measure", help=HELP)(measure)


def measure(
    project: Annotated[Path, typer.Argument(help="project or output folder")],
    data: DataFile = None,
    inputs: Inputs = None,
    labels: Labels = None,
    classes: Classes = None,
    scale: Scale = None,
    samples: SampleCount = None,
    random_samples: RandomSamples = None,
    seed: Seed = None,
    runs: Runs = None,
    warm_up: WarmUp = None,
    reset_state: ResetState = None,
    port: Port = None,
    baud: Baud = None,
    dtr: Dtr = None,
    rts: Rts = None,
    ready: Ready = None,
    reconnect: Reconnect = None,
    timeout: Timeout = None,
    journal: Annotated[
        Path | None,
        typer.Option(help="keep results here as they come \\[in the project]", show_default=False),
    ] = None,
    result: Annotated[
        Path | None,
        typer.Option(
            "--result", help="result file \\[measurement.json beside the project]", show_default=False
        ),
    ] = None,
    bisect: Annotated[
        bool | None,
        typer.Option(
            "--bisect/--no-bisect",
            help="find the first wrong layer; flashes another firmware \\[on simulated boards]",
            show_default=False,
        ),
    ] = None,
    allow_debug: Annotated[
        bool, typer.Option("--allow-debug", help="measure a firmware that is no release build")
    ] = False,
    json: Json = False,
) -> None:
    """See HELP."""
    from toolchain.config import measure_config_from  # noqa: PLC0415 (keeps `--help` fast)
    from toolchain.pipeline.measure import (  # noqa: PLC0415
        MeasureOptions,
        default_result,
        discard_default_journal,
        measure_project,
    )
    from toolchain.report.json_file import write_json  # noqa: PLC0415
    from toolchain.report.measurement_table import measurement_as_dict, measurement_as_text  # noqa: PLC0415

    told = overrides_of(
        samples=samples,
        random_samples=random_samples,
        seed=seed,
        runs=runs,
        warm_up=warm_up,
        reset_state=reset_state,
        port=port,
        baud=baud,
        dtr=dtr,
        rts=rts,
        ready=ready,
        reconnect=reconnect,
        timeout=timeout,
    )
    options = MeasureOptions(
        config=measure_config_from(told),
        data=data,
        inputs=tuple(inputs) if inputs else None,
        labels=labels,
        classes=tuple(classes or ()),
        scale=scale,
        journal=journal,
        allow_debug=allow_debug,
        bisect=bisect,
    )
    with StageDisplay() as display:
        measured = measure_project(project, options, display)
    document = measurement_as_dict(measured)
    file = result or default_result(project)
    write_json(document, file)
    # Only now: until the result is a file, the journal is the result.
    discard_default_journal(project, options)
    if json:
        print_json(document)
    else:
        print_result(*measurement_as_text(measured), f"result: {file}")
    if measured.parity is not None and measured.parity.mismatched_bytes:
        raise _parity_error(measured.parity)


def _parity_error(parity: Parity) -> ParityError:
    from toolchain.errors import ParityError  # noqa: PLC0415

    where = f", first in {parity.first_diverging_layer}" if parity.first_diverging_layer else ""
    return ParityError(
        f"{parity.mismatched_bytes} of {parity.compared_bytes} output bytes differ from "
        f"{parity.oracle}{where}.",
        "Check that the project was not changed after rendering; else report it with the model.",
    )

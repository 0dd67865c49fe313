"""`chipcast measure`: run data through the firmware on a board."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toolchain.cli.console import StageDisplay, print_json, print_result
from toolchain.cli.deploy import DataFile, Inputs, Json, Labels, Port

HELP = """Run data through the firmware on a board: time, accuracy and parity with the host's oracle.

The board must run exactly the build in PROJECT; a simulated board is started where none runs.

[bold]Examples[/]

  chipcast measure out/digits-sim_cortex_m4 --data examples/digits/digits.npz

  chipcast measure out/kws-nucleo --data kws.npz --port /dev/ttyACM0 --samples 100 --json
"""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("measure", help=HELP)(measure)


def measure(
    project: Annotated[Path, typer.Argument(help="project or output folder")],
    data: DataFile = None,
    inputs: Inputs = None,
    labels: Labels = None,
    samples: Annotated[int | None, typer.Option(min=1, help="only the first N samples")] = None,
    random_samples: Annotated[
        int, typer.Option(min=1, max=100_000, help="inputs where there is no data")
    ] = 32,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="seed of the random inputs")] = 0,
    port: Port = None,
    timeout: Annotated[float, typer.Option(min=0.1, max=3600, help="seconds to wait for one answer")] = 60.0,
    json: Json = False,
) -> None:
    """See HELP."""
    from toolchain.errors import ParityError  # noqa: PLC0415 (keeps `--help` fast)
    from toolchain.pipeline_project import measure_project  # noqa: PLC0415
    from toolchain.report.measurement_table import measurement_as_dict, measurement_as_text  # noqa: PLC0415

    with StageDisplay() as display:
        result = measure_project(
            project,
            data=data,
            inputs=inputs,
            labels=labels,
            samples=samples,
            port=port,
            observer=display,
            random_samples=random_samples,
            seed=seed,
            answer_seconds=timeout,
        )
    if json:
        print_json(measurement_as_dict(result))
    else:
        print_result(*measurement_as_text(result))
    if result.parity is not None and result.parity.mismatched_bytes:
        raise ParityError(
            f"{result.parity.mismatched_bytes} of {result.parity.compared_bytes} output bytes differ from "
            f"{result.parity.oracle}.",
            "Check that the project was not changed after rendering; else report it with the model.",
        )

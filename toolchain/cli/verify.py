"""`chipcast verify`: whether a result's figures can still be traced to what is there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toolchain.cli.console import print_json, print_result
from toolchain.cli.options import DataFile, Json

HELP = """Build a result's project anew and check that every hash in the result still agrees.

RESULT is a measurement.json or a report.json. Ends with exit code 52 where something differs.

[bold]Examples[/]

  chipcast verify out/digits-sim_cortex_m4/report.json

  chipcast verify measurement.json --project out/kws --data kws.npz --json
"""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("verify", help=HELP)(verify)


def verify(
    result: Annotated[Path, typer.Argument(help="measurement.json or report.json")],
    project: Annotated[
        Path | None, typer.Option(help=r"project or output folder \[beside the result]", show_default=False)
    ] = None,
    data: DataFile = None,
    json: Json = False,
) -> None:
    """See HELP."""
    from toolchain.errors import VerificationError  # noqa: PLC0415 (keeps `--help` fast)
    from toolchain.pipeline.verify import verify_result  # noqa: PLC0415
    from toolchain.report.verification_table import checks_as_dict, checks_as_text  # noqa: PLC0415

    checks = verify_result(result, project=project, data=data)
    if json:
        print_json(checks_as_dict(checks))
    else:
        print_result(*checks_as_text(checks))
    differing = [check.what for check in checks if check.agrees is False]
    if differing:
        raise VerificationError(
            f"{result} does not agree with what is rebuilt now: {', '.join(differing)}.",
            "The figures belong to another state of the project: measure again, or go back to that state.",
        )

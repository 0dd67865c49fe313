"""`chipcast doctor`: what is installed, what is missing, how to mend it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from toolchain.cli.console import print_json, print_result
from toolchain.errors import MissingToolError

if TYPE_CHECKING:
    from toolchain.doctor import Check

HELP = """Look for everything chipcast uses, and print the command that installs what is missing.

Ends with exit code 20 when something is missing that is no extra.

[bold]Examples[/]

  chipcast doctor

  chipcast doctor --json
"""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("doctor", help=HELP)(doctor)


def doctor(json: Annotated[bool, typer.Option("--json", help="print JSON")] = False) -> None:
    """See HELP."""
    from toolchain.doctor import examine, serial_ports  # noqa: PLC0415 (keeps `--help` fast)

    checks, ports = examine(), serial_ports()
    missing = [check for check in checks if not (check.good or check.optional)]
    if json:
        print_json({"checks": [dataclasses.asdict(check) for check in checks], "serial_ports": ports})
    else:
        table = Table(box=None, pad_edge=False, show_header=False)
        table.add_column("state", no_wrap=True)
        table.add_column("name", no_wrap=True)
        table.add_column("found", overflow="fold")
        for check in checks:
            what = check.found or f"{check.needed_for}: {check.mend}"
            table.add_row(_state(check), check.name, Text(what))
        print_result(table, f"serial ports: {', '.join(ports) or 'none'}")
    if missing:
        raise typer.Exit(MissingToolError.exit_code)


def _state(check: Check) -> Text:
    if check.good:
        return Text("ok", style="green")
    return Text("extra", style="yellow") if check.optional else Text("missing", style="bold red")

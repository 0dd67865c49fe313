"""`chipcast doctor`: what is installed, what is missing, how to mend it."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from toolchain.cli.console import print_json, print_result
from toolchain.errors import MissingToolError

HELP = """Look for everything chipcast uses, and print the command that installs what is missing.

Ends with exit code 20 when something is missing.

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
    missing = [check for check in checks if not check.good]
    if json:
        print_json({"checks": [dataclasses.asdict(check) for check in checks], "serial_ports": ports})
    else:
        table = Table(box=None, pad_edge=False, show_header=False)
        table.add_column("state", no_wrap=True)
        table.add_column("name", no_wrap=True)
        table.add_column("found", overflow="fold")
        for check in checks:
            state = Text("ok", style="green") if check.good else Text("missing", style="bold red")
            table.add_row(
                state, check.name, Text(check.found or f"needed for {check.needed_for}: {check.mend}")
            )
        print_result(table, f"serial ports: {', '.join(ports) or 'none'}")
    if missing:
        raise typer.Exit(MissingToolError.exit_code)

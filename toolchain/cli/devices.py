"""`chipcast devices`: what is plugged in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toolchain.cli.boards import Folder, own_folders
from toolchain.cli.console import print_json, print_result
from toolchain.cli.options import Json

HELP = """List the serial ports, the boards they look like, and the chipcast firmware that answers on them.

A port is recognised by the USB ids of the board files; boards with the same debug probe are all named. Only
what looks like a board is asked who it is, within some seconds; --all asks on every port, which sends bytes
to whatever is there.

[bold]Examples[/]

  chipcast devices

  chipcast devices --no-ask --json

  chipcast devices --all --baud 921600
"""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("devices", help=HELP)(devices)


def devices(
    ask: Annotated[bool, typer.Option("--ask/--no-ask", help="ask what looks like a board")] = True,
    everything: Annotated[bool, typer.Option("--all", help="ask on every port")] = False,
    baud: Annotated[int | None, typer.Option(help=r"line rate \[the board's]", min=1200)] = None,
    folder: Folder = None,
    json: Json = False,
) -> None:
    """See HELP."""
    from toolchain.load.board import list_boards  # noqa: PLC0415 (keeps `--help` fast)
    from toolchain.pipeline.devices import attached_devices  # noqa: PLC0415
    from toolchain.report.device_table import device_as_dict, device_list  # noqa: PLC0415

    search: list[Path] = own_folders(folder)
    found = attached_devices(list_boards(search), ask=ask, ask_foreign=everything, baud=baud)
    if json:
        print_json([device_as_dict(device) for device in found])
    else:
        print_result(*device_list(found))

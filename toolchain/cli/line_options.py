"""Where a board on the desk is and how its serial line is opened: the same options for every verb."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

_PANEL = "A board on the desk"

Port = Annotated[
    str | None,
    typer.Option(
        help="/dev/ttyACM0, usb:SERIALNUMBER, a socket:// or rfc2217:// address, or auto: every port is "
        "asked for this board",
        rich_help_panel=_PANEL,
    ),
]
Baud = Annotated[
    int | None,
    typer.Option(
        help=r"line rate; deploy makes the firmware for it too \[the board's]", rich_help_panel=_PANEL
    ),
]
Dtr = Annotated[
    bool | None,
    typer.Option(
        "--dtr/--no-dtr",
        help=r"DTR while the port is open; boards that it resets run on with --no-dtr \[the driver's way]",
        rich_help_panel=_PANEL,
    ),
]
Rts = Annotated[
    bool | None,
    typer.Option("--rts/--no-rts", help="the same for RTS", rich_help_panel=_PANEL),
]
Ready = Annotated[
    float | None,
    typer.Option(help=r"seconds for the first answer after opening \[15]", rich_help_panel=_PANEL),
]
Reconnect = Annotated[
    float | None,
    typer.Option(help=r"seconds to wait for a port that vanished \[30]", rich_help_panel=_PANEL),
]

UploadProtocol = Annotated[
    str | None,
    typer.Option(
        help=r"how the board is flashed, one of its protocols (`chipcast boards BOARD`) \[its first]",
        rich_help_panel=_PANEL,
    ),
]

# Parameter → (key of deploy.toml, dotted; the option).
LINE: Mapping[str, tuple[str, Any]] = {
    "port": ("port", Port),
    "upload_protocol": ("upload_protocol", UploadProtocol),
    "baud": ("serial.baud", Baud),
    "dtr": ("serial.dtr", Dtr),
    "rts": ("serial.rts", Rts),
    "ready": ("serial.ready_seconds", Ready),
    "reconnect": ("serial.reconnect_seconds", Reconnect),
}

"""`chipcast flash`: put a built firmware on its board, and see that it is the one that answers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toolchain.cli.console import print_json, print_result
from toolchain.cli.line_options import Baud, Dtr, Port, Ready, Reconnect, Rts, UploadProtocol
from toolchain.cli.options import Json, overrides_of

HELP = """Flash a built project and check over the serial line that this very build answers.

A simulated board is left running for `chipcast measure`, at most an hour.

[bold]Examples[/]

  chipcast flash out/digits-sim_cortex_m4

  chipcast flash out/digits-nucleo --port /dev/ttyACM0

  chipcast flash out/digits-nucleo --port usb:066BFF323532 --upload-protocol jlink
"""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("flash", help=HELP)(flash)


def flash(
    project: Annotated[Path, typer.Argument(help="project or output folder")],
    port: Port = None,
    upload_protocol: UploadProtocol = None,
    baud: Baud = None,
    dtr: Dtr = None,
    rts: Rts = None,
    ready: Ready = None,
    reconnect: Reconnect = None,
    stop: Annotated[bool, typer.Option("--stop", help="end the project's simulated board instead")] = False,
    json: Json = False,
) -> None:
    """See HELP."""
    from toolchain.config import measure_config_from  # noqa: PLC0415 (keeps `--help` fast)
    from toolchain.pipeline.board_line import line_of  # noqa: PLC0415
    from toolchain.pipeline.project import flash_project, stop_project  # noqa: PLC0415

    if stop:
        ended = stop_project(project)
        if json:
            print_json({"stopped": ended})
        else:
            print_result("stopped" if ended else "nothing was running")
        return
    told = overrides_of(
        port=port,
        upload_protocol=upload_protocol,
        baud=baud,
        dtr=dtr,
        rts=rts,
        ready=ready,
        reconnect=reconnect,
    )
    config = measure_config_from(told)
    board, identity = flash_project(project, line_of(config), upload_protocol=config.upload_protocol)
    if json:
        print_json({"board": identity.board, "build_id": identity.build_id, "port": board.url})
    else:
        print_result(f"{identity.board} runs build {identity.build_id[:12]} on {board.url}")

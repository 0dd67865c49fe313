"""`chipcast simulate`: a simulated board that any serial program can talk to, until it is stopped."""

from __future__ import annotations

import contextlib
import json as json_text
import sys
from pathlib import Path
from typing import Annotated

import typer

from toolchain.cli.console import StageDisplay
from toolchain.cli.options import (
    Benchmark,
    BoardName,
    DataFile,
    Force,
    Optimise,
    Out,
    configuration,
    given,
    overrides_of,
)

HELP = """Keep a simulated board running, and print the port that any serial program can open.

SOURCE is a project folder or an output folder of `chipcast deploy` (built as it stands), or anything that
`chipcast deploy` takes. The board runs until Ctrl-C or SIGTERM; nothing is left running.

[bold]Examples[/]

  chipcast simulate out/digits-sim_cortex_m4 --pty

  chipcast simulate out/digits-sim_cortex_m4 --port /tmp/ttyBOARD

  chipcast simulate kws.tflite --benchmark kws01 --json
"""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("simulate", help=HELP)(simulate)


def simulate(
    source: Annotated[Path, typer.Argument(help="project, output folder, deploy.toml or model")],
    board: BoardName = None,
    pty: Annotated[
        bool, typer.Option("--pty", help="a pseudo-terminal (/dev/pts/N) instead of a socket")
    ] = False,
    port: Annotated[
        Path | None, typer.Option(help="call the pseudo-terminal so as well (implies --pty)")
    ] = None,
    benchmark: Benchmark = None,
    data: DataFile = None,
    optimise_for: Optimise = None,
    out: Out = None,
    force: Force = False,
    json: Annotated[bool, typer.Option("--json", help='print one line: {"port": …}')] = False,
) -> None:
    """See HELP."""
    from toolchain.pipeline.project import is_project  # noqa: PLC0415 (keeps `--help` fast)
    from toolchain.pipeline.simulate import (  # noqa: PLC0415
        require_project_matches,
        simulated_board,
    )

    if is_project(source):
        options = given(data=data, optimise_for=optimise_for, out=out)
        require_project_matches(source, board, benchmark, sorted(options))
        project = source
    else:
        project = _built(source, board, benchmark, data, optimise_for, out, force)
    with simulated_board(project, pty=pty, name=port) as running:
        _announce(running.port, running.board, running.build_id, json)
        # Ctrl-C and SIGTERM are how it is meant to end.
        with contextlib.suppress(KeyboardInterrupt, SystemExit):
            running.keep_running()


def _built(
    source: Path,
    board: str | None,
    benchmark: str | None,
    data: Path | None,
    optimise_for: str | None,
    out: Path | None,
    force: bool,
) -> Path:
    """The project folder, built from a model."""
    from toolchain.pipeline.deploy import build  # noqa: PLC0415
    from toolchain.pipeline.simulate import require_simulated_board  # noqa: PLC0415

    overrides = overrides_of(board=board, optimise_for=optimise_for, benchmark=benchmark, data=data)
    config = configuration(source, overrides)
    require_simulated_board(config)
    with StageDisplay() as display:
        return Path(build(config, out=out, force=force, observer=display).project)


def _announce(port: str, board: str, build_id: str, json: bool) -> None:
    """The first line on stdout, at once even into a pipe: a program waits for it."""
    if json:
        line = json_text.dumps({"port": port, "board": board, "build_id": build_id})
    else:
        line = f"{board} runs build {build_id[:12]}; its serial line is {port} (Ctrl-C ends it)"
    sys.stdout.write(line + "\n")
    sys.stdout.flush()

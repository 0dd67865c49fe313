"""The command `chipcast`: one verb a file, errors turned into a sentence and an exit code here."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import Annotated, NoReturn

import typer

from toolchain.cli import (
    boards,
    build,
    deploy,
    devices,
    doctor,
    flash,
    inspect_model,
    measure,
    optimise,
    simulate,
    verify,
)
from toolchain.cli.console import print_error
from toolchain.errors import ChipcastError

INTERRUPTED = 130
TERMINATED = 143
INTERNAL = 70
# Typer's usage errors share a root that it does not export: click's own in older versions, a copy since.
_UsageProblem = next(base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException")

app = typer.Typer(
    name="chipcast",
    help="From a trained Keras model to verified, timed int8 firmware on a microcontroller board.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for verb in (
    deploy,
    optimise,
    inspect_model,
    build,
    flash,
    measure,
    simulate,
    verify,
    boards,
    devices,
    doctor,
):
    verb.register(app)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415 (only where it is asked for)

        typer.echo(f"chipcast {version('chipcast')}")
        raise typer.Exit


@app.callback()
def _common(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """From a trained Keras model to verified, timed int8 firmware on a microcontroller board."""


def _terminate(_number: int, _frame: FrameType | None) -> NoReturn:
    # As an exception, so that a simulator is ended and nothing is left half-written.
    raise SystemExit(TERMINATED)


def main() -> NoReturn:
    """Run the command line and exit with the code that toolchain.errors lists."""
    signal.signal(signal.SIGTERM, _terminate)
    try:
        code = app(standalone_mode=False)
    except ChipcastError as error:
        print_error(error)
        sys.exit(error.exit_code)
    except (typer.Abort, KeyboardInterrupt):
        _say_interrupted()
    except BrokenPipeError:
        # The reader of our output is gone (`chipcast boards | head`): nobody is left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        if isinstance(error, _UsageProblem):
            error.show()  # type: ignore[attr-defined]
            sys.exit(2)
        if os.environ.get("CHIPCAST_TRACEBACK"):
            raise
        sys.stderr.write(
            f"chipcast: a fault in chipcast itself: {type(error).__name__}: {error}\n"
            "          Run again with CHIPCAST_TRACEBACK=1 and report what it prints.\n"
        )
        sys.exit(INTERNAL)
    if code == INTERRUPTED:
        _say_interrupted()  # typer turns Ctrl-C into this code
    sys.exit(code if isinstance(code, int) else 0)


def _say_interrupted() -> NoReturn:
    sys.stderr.write("chipcast: interrupted; finished stages are kept, the next run goes on from there.\n")
    sys.exit(INTERRUPTED)

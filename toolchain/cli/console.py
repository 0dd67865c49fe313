"""The terminal: results to stdout, progress and errors to stderr, bars only where a person looks."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import IO

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from toolchain.errors import ChipcastError

# In a log, how often a long stage says how far it is.
LOG_SECONDS = 30.0


def _unredirected_stderr() -> IO[str]:
    """A copy of stderr: TensorFlow's native chatter on fd 2 goes to the log while it runs, this does not."""
    return os.fdopen(os.dup(2), "w", encoding="utf-8", errors="replace")


def result_console() -> Console:
    """Where results go.  Not on a terminal there is no width to keep to, so nothing is cut."""
    return Console(width=None if sys.stdout.isatty() else 100, highlight=False)


def print_json(value: object) -> None:
    """One JSON document on stdout."""
    sys.stdout.write(json.dumps(value, indent=2, allow_nan=False, default=str) + "\n")


def print_result(*parts: RenderableType) -> None:
    """Text and tables on stdout."""
    console = result_console()
    for part in parts:
        console.print(part)


def print_error(error: ChipcastError) -> None:
    """What is wrong, and on the next line what to do."""
    console = Console(file=sys.stderr, highlight=False, soft_wrap=True)
    console.print(f"[bold red]chipcast:[/] {_escaped(error.problem)}")
    console.print(f"          {_escaped(error.next_action)}")


def _escaped(text: str) -> str:
    return text.replace("[", r"\[")


class StageDisplay:
    """An Observer (see toolchain.stages): a bar a stage on a terminal, else a line a stage and, where one
    takes long, a line now and then on how far it is."""

    def __init__(self, *, quiet: bool = False) -> None:
        stream = _unredirected_stderr()
        self._console = Console(file=stream, highlight=False, quiet=quiet)
        self._stage, self._said_at = "", time.monotonic()
        self._bars: Progress | None = None
        self._task: TaskID | None = None
        if self._console.is_terminal and not quiet:
            self._bars = Progress(
                SpinnerColumn(finished_text="[green]✓[/]"),
                TextColumn("{task.description:<9}"),
                BarColumn(bar_width=20),
                TimeElapsedColumn(),
                TextColumn("{task.fields[words]}"),
                console=self._console,
            )

    def __enter__(self) -> StageDisplay:
        if self._bars:
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bars:
            self._bars.stop()
        self._console.file.close()

    def started(self, stage: str) -> None:
        """A stage began."""
        self._stage, self._said_at = stage, time.monotonic()
        if self._bars:
            self._task = self._bars.add_task(stage, total=None, words="")

    def progress(self, share: float, words: str) -> None:
        """The running stage is `share` (0…1) done."""
        if self._bars and self._task is not None:
            self._bars.update(self._task, total=1.0, completed=min(share, 0.999), words=words)
        elif time.monotonic() - self._said_at >= LOG_SECONDS:
            self._said_at = time.monotonic()
            self._console.print(f"{self._stage}: {100 * share:.0f} %, {words}", soft_wrap=True)

    def finished(self, stage: str, seconds: float, *, from_cache: bool) -> None:
        """A stage ended well."""
        words = "unchanged" if from_cache else ""
        if self._bars and self._task is not None:
            self._bars.update(self._task, total=1.0, completed=1.0, words=words)
        elif from_cache:
            self._console.print(f"{stage}: unchanged, not run again")
        else:
            self._console.print(f"{stage}: done in {seconds:.1f} s")

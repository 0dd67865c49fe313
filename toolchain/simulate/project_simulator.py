"""Asks the simulator script that travels in a project what it runs, and has it end it."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from toolchain import process
from toolchain.errors import FlashError

_SCRIPT = "platform/simulator.py"
# The script itself gives a simulator ten seconds to end, twice.
_SECONDS = 40.0


@dataclass(frozen=True, slots=True)
class RunningSimulator:
    """Where a running simulator listens: pyserial's URL, and QEMU's monitor where it is QEMU."""

    url: str
    qmp_socket: Path | None


def find_running(project: Path) -> RunningSimulator | None:
    """The simulator that runs this project's firmware now, or None."""
    done = _script(project, "status")
    if done is None or done.exit_code != 0:
        return None
    try:
        state = json.loads(done.stdout)
        return RunningSimulator(str(state["url"]), Path(state["qmp"]) if state["qmp"] else None)
    except (ValueError, KeyError, TypeError) as exc:
        raise FlashError(
            f"The simulator script of {project} answered something else than its state.",
            "Render the project again.",
        ) from exc


def stop_running(project: Path) -> bool:
    """End the simulator of this project; False where none was running.

    Raises:
        FlashError: it does not end.
    """
    done = _script(project, "stop")
    if done is None:
        return False
    if done.exit_code != 0:
        raise FlashError(f"The simulator did not end: {done.tail(1)}", "End its process by hand.")
    return done.stdout.strip() == "Ended."


def _script(project: Path, command: str) -> process.Completed | None:
    script = project.absolute() / _SCRIPT
    if not script.is_file():
        return None
    # -I and -S: the script needs the standard library alone, and starts faster so.
    return process.run([sys.executable, "-I", "-S", str(script), command], timeout=_SECONDS)

"""Asks the simulator script that travels in a project what it runs, and has it end it."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from toolchain import process
from toolchain.errors import FlashError
from toolchain.simulate.qemu_monitor import resume

_SCRIPT = "platform/simulator.py"
# The script itself gives a simulator ten seconds to end, twice.
_SECONDS = 40.0


@dataclass(frozen=True, slots=True)
class RunningSimulator:
    """Where a running simulator listens (pyserial's URL), and what lets its firmware begin: a word to
    QEMU's monitor, or a file that appears."""

    url: str
    qmp_socket: Path | None
    go_file: Path | None

    def release(self) -> None:
        """Let the firmware begin; one that runs already goes on.

        Raises:
            FlashError: the simulator is gone.
        """
        if self.qmp_socket is not None:
            resume(self.qmp_socket)
        if self.go_file is not None:
            try:
                self.go_file.touch()
            except OSError as exc:
                raise FlashError("The simulated board has ended.", "Flash the board again.") from exc


def find_running(project: Path) -> RunningSimulator | None:
    """The simulator that runs this project's firmware now, or None."""
    done = _script(project, "status")
    if done is None or done.exit_code != 0:
        return None
    try:
        state = json.loads(done.stdout)
        qmp_socket, go_file = (Path(state[key]) if key in state else None for key in ("qmp", "go_file"))
        return RunningSimulator(str(state["url"]), qmp_socket, go_file)
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

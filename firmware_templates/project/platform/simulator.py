"""Runs the firmware of this project in a simulator, or on this computer: `start`, `resume`, `status`, `stop`.

`start` leaves a guardian process behind that owns the simulator and ends it when it is told to, when its
owner is gone, or when its time is over.  What runs is written to `state.json` in the state folder.  The
firmware is held before its first word until `resume`, so nothing it says is lost.

Environment: CHIPCAST_SIMULATOR_DIR  the state folder (else `.simulator` in the project)
             CHIPCAST_OWNER_PID      the process whose end ends the simulator
             CHIPCAST_SIMULATOR_LIFETIME  seconds after which it ends in any case (else 3600)

Needs nothing but Python's standard library.
"""

import argparse
import contextlib
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

# The folder stays as it was rendered; it comes last, since its platform.py is not Python's.
sys.dont_write_bytecode = True
sys.path.append(os.path.dirname(os.path.abspath(__file__)))
from simulator_kinds import KINDS, START_SECONDS, SimulatorError, lifetime, qmp_command  # noqa: E402

STOP_SECONDS = 10.0
LOOK_SECONDS = 0.25
# sockaddr_un.sun_path holds 108 bytes on Linux, 104 elsewhere.
SOCKET_PATH_BYTES = 100
PRIVATE_PREFIX = "chipcast-"


# ---- state folder ----


class StateFolder:
    """Who runs here: `guardian.lock` is locked for as long as a guardian lives and holds its process id.

    The lock, not the id, says whether it is alive; so an id that another program has got since is never
    ended by mistake.
    """

    def __init__(self, folder):
        self.folder = os.path.abspath(folder)
        self.lock_path = os.path.join(self.folder, "guardian.lock")
        self.state_path = os.path.join(self.folder, "state.json")
        self.log_path = os.path.join(self.folder, "simulator.log")

    def lock(self):
        """Take the lock and keep it until the process ends; None when another guardian has it."""
        os.makedirs(self.folder, exist_ok=True)
        descriptor = os.open(self.lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + 1.0
        while True:
            # Again for a while: someone who only looks holds it for an instant.
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() > deadline:
                    os.close(descriptor)
                    return None
                time.sleep(0.02)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
        return descriptor

    def guardian(self):
        """The process id of the living guardian, or None."""
        try:
            descriptor = os.open(self.lock_path, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return None
        except OSError:
            text = os.pread(descriptor, 32, 0).strip()
            return int(text) if text.isdigit() else None
        finally:
            os.close(descriptor)

    def read(self):
        """The state of the simulator that runs, or None."""
        pid = self.guardian()
        try:
            with open(self.state_path, encoding="utf-8") as file:
                state = json.load(file)
        except (OSError, ValueError):
            return None
        return state if pid is not None and state.get("pid") == pid else None

    def write(self, state):
        """Whole or not at all."""
        fresh = f"{self.state_path}.{os.getpid()}"
        with open(fresh, "w", encoding="utf-8") as file:
            json.dump(state, file, indent=1)
        os.replace(fresh, self.state_path)

    def clear(self):
        """Remove what a guardian that was killed could not."""
        try:
            with open(self.state_path, encoding="utf-8") as file:
                private = str(json.load(file).get("private", ""))
        except (OSError, ValueError, AttributeError):
            private = ""
        # The file could name any folder: only one that was made by `private_folder` is removed.
        if os.path.basename(private).startswith(PRIVATE_PREFIX) and not os.path.islink(private):
            shutil.rmtree(private, ignore_errors=True)
        with contextlib.suppress(OSError):
            os.remove(self.state_path)

    def log_tail(self):
        """The last of what the simulator said."""
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as file:
                return " ".join(file.read()[-600:].split())
        except OSError:
            return ""

    def stop(self):
        """End the guardian, and with it the simulator; True when there was one."""
        pid = self.guardian()
        if pid is None:
            self.clear()
            return False
        for sign in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, sign)
            deadline = time.monotonic() + STOP_SECONDS
            while time.monotonic() < deadline:
                if self.guardian() != pid:
                    self.clear()
                    return True
                time.sleep(0.02)
        raise SimulatorError(f"The simulator of process {pid} does not end.")


# ---- the guardian ----


class Owner:
    """The process that the simulator belongs to, if one was named."""

    def __init__(self):
        self.pid = int(os.environ.get("CHIPCAST_OWNER_PID") or 0)
        self.descriptor = None
        self.lost = False
        if self.pid and hasattr(os, "pidfd_open"):
            # Unlike the number, it never comes to mean another process.
            try:
                self.descriptor = os.pidfd_open(self.pid)
            except OSError:
                self.lost = not self._number_is_alive()

    def _number_is_alive(self):
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass
        return True

    def is_gone(self):
        """Whether it was named and has ended."""
        if self.pid == 0:
            return False
        if self.descriptor is not None:
            return bool(select.select([self.descriptor], [], [], 0)[0])
        return self.lost or not self._number_is_alive()


def private_folder():
    """A folder with a short path, for sockets."""
    folder = tempfile.mkdtemp(prefix=PRIVATE_PREFIX)
    if len(os.path.join(folder, "qmp").encode()) > SOCKET_PATH_BYTES:
        os.rmdir(folder)
        folder = tempfile.mkdtemp(prefix=PRIVATE_PREFIX, dir="/tmp")
    return folder


def guard(state_folder, board_id, settings, elf, report):
    """The guardian's life: start the simulator, report, watch, clean up.  `report` takes one line of JSON."""
    stopping = []
    for sign in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(sign, lambda number, frame: stopping.append(number))
    ends = time.monotonic() + lifetime()
    owner = Owner()
    private = private_folder()
    process = None
    try:
        with open(state_folder.log_path, "wb") as log:
            process, found = KINDS[settings["kind"]](settings, elf, private, log)
        state = {
            "pid": os.getpid(), "simulator_pid": process.pid, "kind": settings["kind"], "board": board_id,
            "elf": elf, "owner_pid": owner.pid or None, "private": private, **found,
        }  # fmt: skip
        state_folder.write(state)
        report(state)
        while not stopping and process.poll() is None and not owner.is_gone() and time.monotonic() < ends:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(LOOK_SECONDS)
    finally:
        if process is not None and process.poll() is None:
            process.terminate()
            try:
                process.wait(3)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(private, ignore_errors=True)
        with contextlib.suppress(OSError):
            os.remove(state_folder.state_path)


def run_guardian(arguments):
    """`guard`: not for people; `start` calls it, detached, with its stdout as the line to report on."""
    state_folder = StateFolder(arguments.state)

    def report(answer):
        try:
            os.write(1, json.dumps(answer).encode() + b"\n")
        except OSError as error:
            # Whoever asked for the simulator is gone already; nobody knows of it.
            raise SimulatorError("Nobody waits for the simulator.") from error

    if state_folder.lock() is None:
        report({"error": "Another simulator was started for the same project at the same moment."})
        return 1
    try:
        guard(state_folder, arguments.board, simulator_settings(arguments), arguments.elf, report)
    except (SimulatorError, OSError, ValueError) as error:
        with contextlib.suppress(SimulatorError):
            report({"error": f"{error} {state_folder.log_tail()}".strip()})
        return 1
    return 0


# ---- commands ----


def simulator_settings(arguments):
    """What the board's manifest says about its simulator."""
    path = os.path.join(arguments.project, "platform", "boards", arguments.board + ".json")
    with open(path, encoding="utf-8") as file:
        settings = json.load(file).get("simulator")
    if not settings or settings.get("kind") not in KINDS:
        raise SimulatorError(f"The board {arguments.board} has no simulator that this script can start.")
    return settings


def start(arguments):
    """End what ran before, start the simulator, return once it listens."""
    settings = simulator_settings(arguments)
    program = settings.get("program")
    if program and shutil.which(program) is None:
        raise SimulatorError(
            f"The simulator {program} is not installed. "
            f"Install it (on Debian: `sudo apt-get install {settings.get('package') or program}`)."
        )
    state_folder = StateFolder(arguments.state)
    if state_folder.stop():
        print("Ended the simulator that was running.")
    command = [sys.executable, os.path.abspath(__file__), "guard"]
    command += [
        "--project",
        arguments.project,
        "--board",
        arguments.board,
        "--elf",
        os.path.abspath(arguments.elf),
    ]
    os.makedirs(state_folder.folder, exist_ok=True)
    guardian = subprocess.Popen(
        command,
        cwd="/",
        env={**os.environ, "CHIPCAST_SIMULATOR_DIR": state_folder.folder},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    ready = select.select([guardian.stdout], [], [], START_SECONDS + 5.0)[0]
    line = guardian.stdout.readline() if ready else b""
    answer = json.loads(line) if line else {"error": "The simulator's guardian did not report."}
    if "error" in answer:
        state_folder.stop()
        raise SimulatorError(answer["error"])
    print(f"{arguments.board} runs; its serial line is {answer['url']}")


def running_state(arguments):
    """The state of the simulator that runs; an error when none does."""
    state = StateFolder(arguments.state).read()
    if state is None:
        raise SimulatorError("No simulator of this project is running.")
    return state


def resume(arguments):
    """Let the guest run."""
    state = running_state(arguments)
    if "qmp" in state:
        qmp_command(state["qmp"], "cont")
    else:
        with open(state["go_file"], "w", encoding="ascii"):
            pass
    print(f"{state['board']} runs; its serial line is {state['url']}")


def status(arguments):
    """What runs, as JSON."""
    print(json.dumps(running_state(arguments), indent=1))


def stop(arguments):
    """End it."""
    print("Ended." if StateFolder(arguments.state).stop() else "No simulator of this project is running.")


COMMANDS = {"start": start, "resume": resume, "status": status, "stop": stop, "guard": run_guardian}


def parse(words):
    """The command line, with project and state folder filled in."""
    project = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=[name for name in COMMANDS if name != "guard"] + ["guard"])
    parser.add_argument("--project", default=project)
    parser.add_argument("--board", default="")
    parser.add_argument("--elf", default="")
    arguments = parser.parse_args(words)
    arguments.project = os.path.abspath(arguments.project)
    arguments.state = os.environ.get("CHIPCAST_SIMULATOR_DIR") or os.path.join(
        arguments.project, ".simulator"
    )
    return arguments


def main(words):
    """Carry the command out; the exit code."""
    arguments = parse(words)
    try:
        return COMMANDS[arguments.command](arguments) or 0
    except (SimulatorError, OSError, ValueError) as error:
        print(f"simulator: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

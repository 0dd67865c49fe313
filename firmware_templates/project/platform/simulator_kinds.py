"""The kinds of simulators: how each is started, held before the firmware's first word, and where its line is.

Each function takes the manifest's settings, the ELF file, a private folder and the log, and returns the
process and what to add to the state.  Needs nothing but Python's standard library.
"""

import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import time

START_SECONDS = 20.0
DEFAULT_LIFETIME_SECONDS = 3600.0


class SimulatorError(Exception):
    """Told in one sentence."""


def lifetime():
    """Seconds after which the simulator ends in any case."""
    return float(os.environ.get("CHIPCAST_SIMULATOR_LIFETIME") or DEFAULT_LIFETIME_SECONDS)


def end_with_parent():
    """Between fork and exec: have the kernel end the simulator should its guardian be killed (Linux)."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def start_process(command, log, environment=None):
    """Start a simulator as a child of the guardian."""
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        env={**os.environ, **(environment or {})},
        preexec_fn=end_with_parent,  # noqa: PLW1509 - the guardian has one thread
    )


def start_qemu(settings, elf, private, log):
    """QEMU, held; its serial line on a port of the kernel's choice, which QMP tells."""
    qmp = os.path.join(private, "qmp")
    command = [
        settings["program"], "-M", settings["machine"], "-nographic", "-monitor", "none",
        "-kernel", elf, "-S",
        "-qmp", f"unix:{qmp},server=on,wait=off",
        "-serial", "tcp:127.0.0.1:0,server=on,wait=off,nodelay=on",
    ]  # fmt: skip
    if settings.get("bios"):
        command += ["-bios", settings["bios"]]
    if settings.get("icount_shift") is not None:
        command += ["-icount", f"shift={settings['icount_shift']}"]
    process = start_process(command, log)
    url = wait_for(process, lambda: serial_url(qmp))
    return process, {"url": url, "qmp": qmp}


def serial_url(qmp):
    """Where the first serial line listens, as pyserial's socket:// address, or None while QEMU starts."""
    if not os.path.exists(qmp):
        return None
    for chardev in qmp_command(qmp, "query-chardev"):
        # "disconnected:tcp:127.0.0.1:45678,server=on" before a client is there
        if chardev["label"] == "serial0" and "tcp:" in chardev["filename"]:
            address = chardev["filename"].split("tcp:", 1)[1].split(",", 1)[0].split(" ", 1)[0]
            return "socket://" + address
    return None


def qmp_command(path, command):
    """One QMP command: what it returns."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(START_SECONDS)
        connection.connect(path)
        with connection.makefile("rwb") as line:
            json.loads(line.readline())
            for execute in ("qmp_capabilities", command):
                line.write(json.dumps({"execute": execute}).encode() + b"\n")
                line.flush()
                reply = {}
                while not ("return" in reply or "error" in reply):
                    reply = json.loads(line.readline())
            if "error" in reply:
                raise SimulatorError(f"QEMU refused {command}: {reply['error'].get('desc')}.")
            return reply["return"]


def start_host(settings, elf, private, log):
    """The firmware is a program of this computer: it listens by itself."""
    return start_listener([elf], private, log)


def start_rp2040js(settings, elf, private, log):
    """A program for Node.js beside this one, which has rp2040js run the firmware."""
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "rp2040.cjs")
    return start_listener([settings["program"], script, elf], private, log)


def start_simavr(settings, elf, private, log):
    """A program around libsimavr, compiled here: simavr's own has no line that another program could hold."""
    folder = os.path.dirname(os.path.abspath(__file__))
    program = os.path.join(private, "simavr_board")
    source = os.path.join(folder, "simavr_board.c")
    compiler = start_process(["cc", "-O2", "-o", program, source, "-lsimavr"], log)
    try:
        exit_code = compiler.wait(START_SECONDS)
    except subprocess.TimeoutExpired:
        compiler.kill()
        exit_code = compiler.wait()
    if exit_code != 0:
        raise SimulatorError("What runs simavr does not compile; its library is libsimavr-dev on Debian.")
    return start_listener([program, settings["machine"], str(settings["clock_hz"]), elf], private, log)


def start_listener(command, private, log):
    """A program that writes its port to a file, and begins when another file is there."""
    port_file = os.path.join(private, "port")
    go_file = os.path.join(private, "go")
    environment = {
        "CHIPCAST_PORT_FILE": port_file,
        "CHIPCAST_GO_FILE": go_file,
        "CHIPCAST_ACCEPT_SECONDS": str(int(lifetime()) + 1),
    }
    process = start_process(command, log, environment)

    def port():
        with contextlib.suppress(OSError), open(port_file, encoding="ascii") as file:
            text = file.read()
            if text.endswith("\n"):
                return "socket://127.0.0.1:" + text.strip()
        return None

    return process, {"url": wait_for(process, port), "go_file": go_file}


def wait_for(process, look):
    """What `look` returns, once it is not None; an error when the process ends or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, ValueError):
            found = look()
            if found is not None:
                return found
        if process.poll() is not None:
            raise SimulatorError(f"The simulator ended at once, with exit code {process.returncode}.")
        time.sleep(0.02)
    process.kill()
    raise SimulatorError(f"The simulator did not listen within {START_SECONDS:.0f} s.")


KINDS = {"qemu": start_qemu, "rp2040js": start_rp2040js, "simavr": start_simavr, "host": start_host}

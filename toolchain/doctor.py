"""What is installed, what is missing, and the command that mends it.  Starts nothing that can hang."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

from serial.tools import list_ports

from toolchain import installed, process
from toolchain.errors import ChipcastError, MissingSimulatorError
from toolchain.load.board import list_boards
from toolchain.vocabulary.board import Board

_VERSION_SECONDS = 20.0
_COMMON_COMPILERS = ("", "arm-none-eabi-")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at.  `found` is its version or place, None where it is missing.

    `needed_for` says what does not work without it; `mend` the command that installs it.  What is
    `optional` is an extra that a machine which only builds, flashes and measures does without.
    """

    name: str
    found: str | None
    needed_for: str
    mend: str
    optional: bool = False

    @property
    def good(self) -> bool:
        """Whether it is there."""
        return self.found is not None


def examine() -> tuple[Check, ...]:
    """All checks: Python packages first, then what each built-in board needs."""
    return (*_packages(), *_board_tools())


def _packages() -> list[Check]:
    """The Python side."""
    this = sys.executable
    checks = [
        _distribution("platformio", "building firmware", f"{this} -m pip install platformio"),
        _distribution("tflite-micro", "parity with TensorFlow Lite Micro", f"{this} -m pip install chipcast"),
        _distribution("pyserial", "talking to boards", f"{this} -m pip install pyserial"),
    ]
    extra = f"{this} -m pip install 'chipcast[keras]'"
    for name in ("tensorflow", "tf-keras", "tensorflow-model-optimization"):
        checks.append(_distribution(name, "optimising and converting Keras models", extra, optional=True))
    return checks


def _distribution(name: str, needed_for: str, mend: str, *, optional: bool = False) -> Check:
    try:
        found: str | None = metadata.version(name)
    except metadata.PackageNotFoundError:
        found = None
    return Check(name, found, needed_for, mend, optional)


def _board_tools() -> list[Check]:
    """Compilers and simulators of the built-in boards, each once."""
    checks: dict[str, Check] = {}
    for board in list_boards():
        if not board.platformio.travels:
            continue  # PlatformIO brings what it needs
        for check in _tools_of(board):
            checks.setdefault(check.name, check)
    return list(checks.values())


def _tools_of(board: Board) -> list[Check]:
    """What builds and runs `board`; what only some simulated boards need is an extra."""
    compiler = f"{board.compiler.prefix}gcc" if board.compiler.prefix else "cc"
    simulator = board.simulator
    common = board.compiler.prefix in _COMMON_COMPILERS
    checks = [_program(compiler, f"building for {board.id}", board.compiler.package)]
    if simulator is not None and simulator.program is not None:
        common = common and simulator.kind == "qemu"
        checks.append(_program(simulator.program, f"running {board.id}", simulator.package))
        if simulator.kind != "qemu":
            checks.append(_emulator(board, simulator.kind))
    return [check if common else replace(check, optional=True) for check in checks]


def _emulator(board: Board, name: str) -> Check:
    """A simulator that is a library of its program's."""
    try:
        installed.require_simulator(board)
    except MissingSimulatorError as missing:
        return Check(name, None, f"running {board.id}", missing.next_action)
    return Check(name, "found", f"running {board.id}", "")


def _program(name: str, needed_for: str, package: str | None) -> Check:
    mend = f"sudo apt-get install {package}" if package else f"install {name} and put it on PATH"
    path = shutil.which(name)
    found: str | None = None
    if path is not None:
        try:
            done = process.run([path, "--version"], timeout=_VERSION_SECONDS)
            found = done.stdout.splitlines()[0] if done.exit_code == 0 and done.stdout else None
        except (ChipcastError, OSError):
            found = None
    return Check(name, found, needed_for, mend)


def serial_ports() -> tuple[str, ...]:
    """Serial ports of this computer, those without permission marked."""
    ports = sorted(port.device for port in list_ports.comports())
    return tuple(
        port if os.access(Path(port), os.R_OK | os.W_OK) else f"{port} (no permission)" for port in ports
    )

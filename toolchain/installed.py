"""What a board needs on this computer, checked before anything starts."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from toolchain import process
from toolchain.errors import MissingCompilerError, MissingSimulatorError
from toolchain.vocabulary.board import Board

_VERSION_SECONDS = 20.0
_ARM = "arm-none-eabi-"
_SPECS = "--specs="
_ARDUINO = Path("/usr/share/arduino/hardware/arduino/avr")
_SIMAVR_HEADER = Path("/usr/include/simavr/sim_avr.h")
RP2040JS_VERSION = "1.4.1"
_CXX_PACKAGES = {_ARM: "libstdc++-arm-none-eabi-newlib", "": "g++"}
_LIBRARIES = {"nano.specs": "libnewlib-arm-none-eabi", "picolibc.specs": "picolibc-riscv64-unknown-elf"}


def platformio_core_dir() -> Path:
    """PlatformIO's own folder for chipcast: CHIPCAST_CORE_DIR, else in the user's cache.

    Not the user's ~/.platformio: what is installed there must neither be changed nor change a build.
    """
    chosen = os.environ.get("CHIPCAST_CORE_DIR")
    if chosen:
        return Path(chosen).absolute()
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "chipcast" / "platformio"


def platformio_packages() -> str:
    """Everything that PlatformIO has installed for chipcast, by name and version: what builds a board whose
    compiler it brings."""
    found = []
    for kind in ("platforms", "packages"):
        for manifest in sorted((platformio_core_dir() / kind).glob("*/.piopm")):
            try:
                facts = json.loads(manifest.read_text("utf-8"))
                found.append(f"{facts['name']} {facts['version']}")
            except (OSError, ValueError, KeyError, TypeError):
                found.append(f"{manifest.parent.name} damaged")
    return ", ".join(found)


def compiler_command(board: Board) -> str:
    """The C compiler's command for `board`."""
    return f"{board.compiler.prefix}gcc" if board.compiler.prefix else "cc"


def compiler_path(board: Board) -> str | None:
    """Where the compiler is: PlatformIO's own package where it is installed, else on PATH; None: nowhere."""
    command = compiler_command(board)
    if board.compiler.prefix == _ARM:
        packaged = shutil.which(
            command, path=str(platformio_core_dir() / "packages" / "toolchain-gccarmnoneeabi" / "bin")
        )
        if packaged:
            return packaged
    return shutil.which(command)


def require_compiler(board: Board) -> str:
    """The path of the compiler, which works for `board` as far as can be seen without compiling.

    Raises:
        MissingCompilerError: it is not there, or lacks the C library for microcontrollers.
    """
    command = compiler_command(board)
    path = compiler_path(board)
    if path is None:
        raise MissingCompilerError(
            f"The compiler {command} for the board {board.id} is not installed.",
            _install(board.compiler.package or command),
        )
    specs = [flag.removeprefix(_SPECS) for flag in board.compiler.flags if flag.startswith(_SPECS)]
    if board.compiler.prefix == _ARM and not specs:
        specs = ["nano.specs"]
    for name in specs:
        # gcc answers with the bare name for a file it does not have.
        found = process.run([path, f"-print-file-name={name}"], timeout=_VERSION_SECONDS).stdout.strip()
        if not os.path.isabs(found):
            raise MissingCompilerError(
                f"The compiler {command} has no C library for microcontrollers ({name}).",
                _install(_LIBRARIES.get(name, board.compiler.package or command)),
            )
    if board.platformio.variant and not _has_arduino_core():
        raise MissingCompilerError(
            f"The Arduino core for the board {board.id} is not installed.", _install("arduino-core-avr")
        )
    return path


def require_cxx(board: Board) -> str:
    """The path of the C++ compiler for `board`, whose standard library's headers are there.

    Raises:
        MissingCompilerError: it, or the library, is not installed.
    """
    command = f"{board.compiler.prefix}g++" if board.compiler.prefix else "c++"
    beside = str(Path(require_compiler(board)).parent)
    path = shutil.which(command, path=beside) or shutil.which(command)
    package = _CXX_PACKAGES.get(board.compiler.prefix)
    if path is None:
        raise MissingCompilerError(
            f"The compiler {command} for the board {board.id} is not installed.", _install(package or command)
        )
    probe = process.run(
        [path, *board.compiler.flags, "-x", "c++", "-E", "-include", "cstddef", os.devnull],
        timeout=_VERSION_SECONDS,
    )
    if probe.exit_code != 0:
        raise MissingCompilerError(
            f"The compiler {command} has no C++ standard library, which the engine tflm needs.",
            _install(package) if package else f"Install the C++ library for {command}.",
        )
    return path


def _has_arduino_core() -> bool:
    """Whether the project's build will find it (platform/builder/arduino.py looks there)."""
    packaged = platformio_core_dir() / "packages" / "framework-arduino-avr"
    return any((folder / "cores" / "arduino").is_dir() for folder in (packaged, _ARDUINO))


def require_simulator(board: Board) -> None:
    """Raises MissingSimulatorError when `board` is simulated by a program that is not installed."""
    simulator = board.simulator
    if simulator and simulator.program and shutil.which(simulator.program) is None:
        raise MissingSimulatorError(
            f"The simulator {simulator.program} for the board {board.id} is not installed.",
            _install(simulator.package or simulator.program),
        )
    if simulator and simulator.kind == "rp2040js" and _rp2040js() is None:
        raise MissingSimulatorError(
            f"The simulator rp2040js for the board {board.id} is not installed.",
            f"Install it with `npm install --prefix {node_dir()} rp2040js@{RP2040JS_VERSION}`.",
        )
    if simulator and simulator.kind == "simavr" and not (shutil.which("cc") and _SIMAVR_HEADER.is_file()):
        raise MissingSimulatorError(
            f"The library of simavr, for the board {board.id}, or the compiler cc is not installed.",
            _install("gcc libsimavr-dev"),
        )


def node_dir() -> Path:
    """Where chipcast's packages for Node.js are: CHIPCAST_NODE_DIR, else in the user's cache."""
    chosen = os.environ.get("CHIPCAST_NODE_DIR")
    if chosen:
        return Path(chosen).absolute()
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "chipcast" / "node"


def _rp2040js() -> Path | None:
    """Its folder: of `node_dir`, or of the packages that are installed for the whole computer."""
    node = shutil.which("node")
    folders = [node_dir(), *([Path(node).resolve().parent.parent / "lib"] if node else [])]
    found = (folder / "node_modules" / "rp2040js" for folder in folders)
    return next((folder for folder in found if (folder / "package.json").is_file()), None)


def _install(package: str) -> str:
    return f"On Debian, install it with `sudo apt-get install {package}`."

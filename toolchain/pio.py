"""Drives PlatformIO: its environment, one call, and what its failures mean."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from toolchain import process
from toolchain.errors import (
    BuildError,
    ChipcastError,
    DoesNotFitError,
    MissingLibraryError,
    MissingPackageError,
    RegistryError,
)
from toolchain.installed import platformio_core_dir
from toolchain.vocabulary.board import Board
from toolchain.vocabulary.project import MODEL_ARRAY

_OVERFLOW = re.compile(r"region [`'](\w+)' overflowed by (\d+) bytes?")
# The linker of AVR tells addresses instead.
_OUTSIDE = re.compile(r"address (0x[0-9a-f]+) of .* is not within region [`'](text|data)'")
_COMPILER_ERROR = re.compile(r"^(.*?:\d+(?::\d+)?: (?:fatal )?error: .*)$", re.MULTILINE)
_LINKER_ERROR = re.compile(
    r"^(.*(?:undefined reference to|multiple definition of|cannot find ).*)$", re.MULTILINE
)
# What PlatformIO says that cannot reach its registry, with nothing behind the name; that has no such package;
# and that cannot fetch one from elsewhere.
_REGISTRY = re.compile(
    r"^(?:HTTPClientError|InternetConnectionError|UnknownPackageError|VCSBaseException|PackageException)\b:?"
    r"|Could not (?:install|find) .*(?:package|platform)",
    re.MULTILINE,
)
_WANTED = re.compile(r"Manager: Installing (.+)$", re.MULTILINE)
_OTHER_ERROR = re.compile(r"^(?:\*\*\* \[.*?\] |Error: |Exception: )(.*)$", re.MULTILINE)
_NO_LIBRARY = re.compile(
    r"(tensorflow/\S+\.h): No such file|(?:UnknownPackageError|Could not find the package with) ?'?([^'\n]*)"
)
# The last two as the linker of AVR calls them.
_MEMORIES = {"FLASH": "flash", "RAM": "RAM", "text": "flash", "data": "RAM"}


def run_platformio(
    project: Path,
    board: Board,
    *,
    log: Path,
    timeout: float,
    targets: Sequence[str] = (),
    settings: Path | None = None,
    upload_port: str | None = None,
    env: Mapping[str, str] | None = None,
) -> process.Completed:
    """`pio run` in `project`, isolated from the user's own PlatformIO; the outcome, good or bad.

    `settings`: a file in the place of the project's platformio.ini.

    Raises:
        MissingPackageError: PlatformIO is not installed.
        BuildError: it did not end within `timeout` seconds.
    """
    if importlib.util.find_spec("platformio") is None:
        raise MissingPackageError(
            "PlatformIO is not installed.", f"Install it with `{sys.executable} -m pip install platformio`."
        )
    command = [sys.executable, "-m", "platformio", "run", "-d", str(project), "-e", board.id]
    if settings is not None:
        command += ["-c", str(settings)]
    for target in targets:
        command += ["-t", target]
    if upload_port:
        command += ["--upload-port", upload_port]
    try:
        return process.run(
            command,
            timeout=timeout,
            cwd=project,
            log=log,
            env={**_environment(project, board), **(env or {})},
        )
    except process.CommandTimeoutError as exc:
        raise BuildError(
            f"PlatformIO did not finish within {timeout:.0f} s and was ended.", f"See the log: {log}."
        ) from exc


def _environment(project: Path, board: Board) -> dict[str, str]:
    """No telemetry, no update check, no colours, English messages, and a core folder of our own."""
    variables = {
        "LC_ALL": "C.UTF-8",
        "PLATFORMIO_CORE_DIR": str(platformio_core_dir()),
        "PLATFORMIO_DISABLE_UPGRADE_CHECK": "true",
        "PLATFORMIO_NO_ANSI": "true",
        "PLATFORMIO_SETTING_CHECK_PLATFORMIO_INTERVAL": "36500",
        "PLATFORMIO_SETTING_ENABLE_TELEMETRY": "no",
        # PlatformIO imports the platform's scripts; the rendered folder stays as it was rendered.
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    if board.platformio.platform == "chipcast":
        # PlatformIO registers a platform by its folder's name, `platform` in every project: a common
        # registry would let two projects that are built at once take each other's.
        variables["PLATFORMIO_PLATFORMS_DIR"] = str(project / ".pio" / "platforms")
    if (project / "src" / MODEL_ARRAY).is_file():
        # TensorFlow Lite Micro is hundreds of files, the same ones for every model: compiled once.
        variables["PLATFORMIO_BUILD_CACHE_DIR"] = str(platformio_core_dir() / "chipcast-objects")
    return variables


def build_failure(done: process.Completed, board: Board, log: Path) -> ChipcastError:
    """What a failed build has to say: which memory is too small, or the compiler's first error."""
    text = done.stderr + "\n" + done.stdout
    if _REGISTRY.search(text):
        return _not_downloaded(text, board, log)
    overflows = {**dict(_OVERFLOW.findall(text)), **_outside(text, board)}
    if overflows:
        return DoesNotFitError(
            f"The firmware does not fit the board {board.id}: "
            + " and ".join(_too_large(board, region, int(count)) for region, count in overflows.items())
            + ".",
            "Use a smaller model, optimise it, or choose a board with more memory.",
        )
    missing = _NO_LIBRARY.search(text)
    if missing:
        what = missing.group(1) or f"package {missing.group(2).strip()}"
        return MissingLibraryError(
            f"The library for the engine tflm does not bring what is needed: {what} was not found.",
            f"Look at lib_deps in platformio.ini, and at docs/tflm.md; the log is {log}.",
        )
    for pattern in (_COMPILER_ERROR, _LINKER_ERROR, _OTHER_ERROR):
        found = pattern.search(text)
        if found:
            return BuildError(f"The build failed: {found.group(1).strip()}", f"See the log: {log}.")
    return BuildError(f"PlatformIO ended with exit code {done.exit_code}.", f"See the log: {log}.")


def _not_downloaded(text: str, board: Board, log: Path) -> RegistryError:
    """A package that PlatformIO does not have and did not get: which, and where it would have to be."""
    wanted = _WANTED.findall(text)
    what = f"the package {wanted[-1].strip()}" if wanted else "a package"
    return RegistryError(
        f"PlatformIO needs {what} for the board {board.id}, and could not download it.",
        "Connect this computer to the internet and run again, or copy the folder "
        f"{platformio_core_dir()} from one that has built for this board; the log is {log}.",
    )


def _outside(text: str, board: Board) -> dict[str, int]:
    """By how many bytes the regions of AVR's linker are too small; RAM without the stack's reserve."""
    memory = board.memory
    ends = {
        "text": memory.flash_origin + memory.flash_bytes,
        "data": memory.ram_origin + memory.ram_bytes - memory.stack_bytes,
    }
    found: dict[str, int] = {}
    for address, region in _OUTSIDE.findall(text):
        found[region] = max(found.get(region, 0), int(address, 16) - ends[region])
    return found


def _too_large(board: Board, region: str, count: int) -> str:
    sizes = {r.name: r.bytes for r in board.memory.regions}
    sizes |= {"flash": board.memory.flash_bytes, "RAM": board.memory.ram_bytes}
    size = sizes.get(_MEMORIES.get(region, region))
    of = f" of {size:,} bytes" if size else ""
    return f"{count:,} bytes too large for its {_MEMORIES.get(region, region)}{of}"

"""Finds TensorFlow Lite Micro for a project, and looks at a local folder before PlatformIO does."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from toolchain.errors import MissingLibraryError
from toolchain.vocabulary.engine import LIBRARY_CHARACTERS_MAX, TflmLibrary, is_folder

ENVIRONMENT = "CHIPCAST_TFLM_LIBRARY"
HEADER = "tensorflow/lite/micro/micro_interpreter.h"
_NAME_IT = (
    f"Name one with --tflm-library, `library` under [engine.tflm], or {ENVIRONMENT}; docs/tflm.md says what "
    "it has to hold."
)
_MANIFESTS = ("library.json", "library.properties")
_MANIFEST_BYTES_MAX = 1_000_000
# What stands in platformio.ini must stay one value there: no line ends, no comments, no interpolation.
_ONE_VALUE = re.compile(r"[^\s;#$][^\x00-\x1f;$]*")
_DEFINE = re.compile(r"-D[A-Za-z_]\w*(=[\w.]+)?")


def find_tflm_library(named: str | None, environment: str | None, default: str | None) -> TflmLibrary:
    """The library that is `named` by option or file, else by the environment, else the board's `default`.

    Raises:
        MissingLibraryError: none is named, or what is named cannot be one.
    """
    library = next((text.strip() for text in (named, environment, default) if text and text.strip()), None)
    if library is None:
        raise MissingLibraryError(
            "The engine tflm needs TensorFlow Lite Micro as a PlatformIO library, and none is named.",
            _NAME_IT,
        )
    if len(library) > LIBRARY_CHARACTERS_MAX or not _ONE_VALUE.fullmatch(library) or " #" in library:
        raise MissingLibraryError(f"{library[:80]!r} is no specification of a library.", _NAME_IT)
    path = library.removeprefix("symlink://").removeprefix("file://")
    if path == library and not is_folder(library, Path()):
        return TflmLibrary(specification=library, defines=(), identity=library)
    folder = Path(path).expanduser().resolve()
    _check(folder)
    return TflmLibrary(f"symlink://{folder}", _defines(folder), str(folder))


def _check(folder: Path) -> None:
    if not folder.is_dir():
        raise MissingLibraryError(f"The library {folder} is no folder.", _NAME_IT)
    if not any((folder / name).is_file() for name in _MANIFESTS):
        raise MissingLibraryError(
            f"The folder {folder} is no PlatformIO library: it has neither {' nor '.join(_MANIFESTS)}.",
            _NAME_IT,
        )
    if not any((root / HEADER).is_file() for root in _include_folders(folder)):
        raise MissingLibraryError(f"The library {folder} has no {HEADER}.", _NAME_IT)


def _include_folders(folder: Path) -> Iterator[Path]:
    build = _build_section(folder)
    yield from (folder, folder / "src", folder / "include")
    yield from (folder / str(build[key]) for key in ("srcDir", "includeDir") if key in build)


def _defines(folder: Path) -> tuple[str, ...]:
    """The definitions among the library's build flags; whatever else is there is for PlatformIO to read."""
    flags = _build_section(folder).get("flags", [])
    words = flags if isinstance(flags, list) else [flags]
    try:
        split = [part for word in words if isinstance(word, str) for part in shlex.split(word)]
    except ValueError as exc:
        raise MissingLibraryError(
            f"The flags in {folder / 'library.json'} cannot be read: {exc}.", "Correct them."
        ) from exc
    return tuple(part for part in split if _DEFINE.fullmatch(part))


def _build_section(folder: Path) -> Mapping[str, Any]:
    manifest = folder / "library.json"
    if not manifest.is_file():
        return {}
    try:
        if manifest.stat().st_size > _MANIFEST_BYTES_MAX:
            raise ValueError("it is too large")
        document = json.loads(manifest.read_text(encoding="utf-8"))
        build = document.get("build", {}) if isinstance(document, dict) else None
        if not isinstance(build, dict):
            raise ValueError("it describes no library")
    except (OSError, ValueError, RecursionError) as exc:
        raise MissingLibraryError(f"{manifest} cannot be read: {exc}.", "Correct it.") from exc
    return build

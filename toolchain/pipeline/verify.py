"""Whether a result could still be made: the project is built anew, and every hash compared."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toolchain.build import build_firmware
from toolchain.errors import DataError
from toolchain.load.project import ProjectFolder, open_project
from toolchain.pipeline.data_hash import hash_data
from toolchain.provenance import hash_board
from toolchain.stages import hash_file
from toolchain.vocabulary.data_settings import DataSettings
from toolchain.vocabulary.report import Check

RESULT_BYTES_MAX = 100_000_000
_NOT_SOURCES = (".pio", ".simulator", ".measure", ".git", "__pycache__")
_NEEDED = ("model_sha256", "build_id", "elf_sha256", "compiler", "flags", "engine", "board", "board_sha256")


def verify_result(
    result: Path, *, project: Path | None = None, data: Path | None = None
) -> tuple[Check, ...]:
    """Build the result's project anew, in another folder, and compare everything the result is bound to.

    The project is `project`, else the one beside `result`, else the one the result names.  The data file is
    compared where it is given.

    Raises:
        DataError: `result` is no result with provenance.
        ConfigError, BuildError: there is no project, or it does not build.
    """
    recorded = _read(result)
    folder = open_project(project or _project_of(result, recorded))
    checks = [
        *_as_it_stands(folder, recorded),
        *_rebuilt(folder, recorded, result.resolve().parent / "chipcast.log"),
    ]
    if recorded.get("data_sha256"):
        found = None if data is None else hash_data(DataSettings(path=data))
        checks.append(Check(f"data {recorded.get('data')}", str(recorded["data_sha256"]), found))
    return tuple(checks)


def _read(path: Path) -> Mapping[str, Any]:
    """The provenance in a result file."""
    try:
        if path.stat().st_size > RESULT_BYTES_MAX:
            raise DataError(f"{path} is too large to be a result.", "Give measurement.json or report.json.")
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise DataError(
            f"{path} cannot be read: {exc.strerror}.", "Give measurement.json or report.json."
        ) from exc
    except (ValueError, RecursionError) as exc:
        raise DataError(f"{path} is no JSON: {exc}.", "Give measurement.json or report.json.") from exc
    provenance = document.get("provenance") if isinstance(document, dict) else None
    if not isinstance(provenance, dict) or any(key not in provenance for key in _NEEDED):
        raise DataError(
            f"{path} does not say what produced it.",
            "Give a measurement.json or report.json of this version.",
        )
    return provenance


def _project_of(result: Path, recorded: Mapping[str, Any]) -> Path:
    beside = result.resolve().parent
    if (beside / "project").is_dir():
        return beside
    return Path(str(recorded.get("project", beside)))


def _as_it_stands(folder: ProjectFolder, recorded: Mapping[str, Any]) -> list[Check]:
    board = folder.manifest.board
    model = None if folder.model is None else hash_file(folder.model)
    return [
        Check("model.tflite", str(recorded["model_sha256"]), model),
        Check("board", str(recorded["board"]), board.id),
        Check("board description", str(recorded["board_sha256"]), hash_board(board)),
        Check("engine", str(recorded["engine"]), folder.manifest.engine),
    ]


def _rebuilt(folder: ProjectFolder, recorded: Mapping[str, Any], log: Path) -> list[Check]:
    """From the sources alone, in a folder where nothing was built before."""
    with tempfile.TemporaryDirectory(prefix="chipcast-verify-") as temporary:
        copy = Path(temporary) / folder.folder.name
        shutil.copytree(folder.folder, copy, ignore=shutil.ignore_patterns(*_NOT_SOURCES))
        firmware = build_firmware(copy, folder.manifest.board, log=log)
        return [
            Check("model in the firmware", str(recorded["model_sha256"]), firmware.model_sha256),
            Check("compiler", str(recorded["compiler"]), firmware.compiler),
            Check("flags", " ".join(map(str, recorded["flags"])), " ".join(firmware.flags)),
            Check("build", str(recorded["build_id"]), firmware.build_id),
            Check("firmware.elf", str(recorded["elf_sha256"]), hash_file(firmware.elf)),
        ]

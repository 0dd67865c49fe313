"""A rendered project on disk, as the commands that start from one find it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from toolchain.errors import ConfigError
from toolchain.vocabulary.project import MANIFEST_FILE, MODEL_FILE, ProjectManifest

_MANIFEST_BYTES_MAX = 50_000_000


@dataclass(frozen=True, slots=True)
class ProjectFolder:
    """The project's folder, its manifest, and the int8 model beside it where it is still there."""

    folder: Path
    manifest: ProjectManifest
    model: Path | None


def open_project(path: Path) -> ProjectFolder:
    """The project at `path`, or in `path`/project (the output folder of `chipcast deploy`).

    Raises:
        ConfigError: there is no project that this chipcast rendered.
    """
    for folder in (path, path / "project"):
        manifest = folder / MANIFEST_FILE
        if manifest.is_file():
            model = folder / MODEL_FILE
            return ProjectFolder(folder.resolve(), _read(manifest), model if model.is_file() else None)
    raise ConfigError(
        f"{path} holds no chipcast project (no {MANIFEST_FILE}).",
        "Give the output folder of `chipcast deploy` or `chipcast build`.",
    )


def _read(path: Path) -> ProjectManifest:
    try:
        if path.stat().st_size > _MANIFEST_BYTES_MAX:
            raise ConfigError(f"{path} is too large to be a manifest.", "Render the project again.")
        document = json.loads(path.read_text(encoding="utf-8"))
        return TypeAdapter(ProjectManifest).validate_json(json.dumps(document))
    except (OSError, ValueError, RecursionError, ValidationError) as exc:
        reason = str(exc).splitlines()[0]
        raise ConfigError(f"{path} cannot be read: {reason}.", "Render the project again.") from exc

"""Writes a folder of files as a whole: never half-written without a sign, unchanged files left alone."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from toolchain.errors import ConfigError

MANIFEST = ".chipcast-files.json"
STAGING = ".chipcast-staging"


def write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Make `folder` hold exactly `files` (relative path → content), beside files that are not ours.

    A new folder appears at once, complete.  In an existing one, files whose content is the same keep
    their time (so that nothing is compiled again for them), files of an earlier writing that are not
    among `files` are removed, and what others put there stays.  All new content is on disk in a staging
    folder before the first file changes; the staging folder goes last, so one that is left says that the
    writing was interrupted.

    Raises:
        ConfigError: the folder holds files but none that were written here before, or cannot be written.
    """
    try:
        if folder.exists() and any(folder.iterdir()):
            _refuse_foreign(folder)
            _update(folder, files)
        else:
            _create(folder, files)
    except OSError as exc:
        raise ConfigError(
            f"The folder {folder} cannot be written: {exc.strerror or exc}.",
            "Choose another output folder or make room.",
        ) from exc


def _refuse_foreign(folder: Path) -> None:
    if not ((folder / MANIFEST).is_file() or (folder / STAGING).is_dir()):
        raise ConfigError(
            f"The folder {folder} holds files that chipcast did not write.",
            "Choose an empty folder, so that nothing of yours is overwritten.",
        )


def _create(folder: Path, files: Mapping[str, bytes]) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for name, content in files.items():
            _write(fresh / name, content)
        _write(fresh / MANIFEST, _manifest(files))
        fresh.chmod(0o755)
        fresh.replace(folder)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise


def _update(folder: Path, files: Mapping[str, bytes]) -> None:
    staging = folder / STAGING
    shutil.rmtree(staging, ignore_errors=True)
    changed = [name for name, content in files.items() if not _holds(folder / name, content)]
    stale = sorted(_written_before(folder) - set(files))
    if not changed and not stale and _holds(folder / MANIFEST, _manifest(files)):
        return
    for name in changed:
        _write(staging / name, files[name])
    staging.mkdir(exist_ok=True)
    for name in changed:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (staging / name).replace(folder / name)
    for name in stale:
        (folder / name).unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # not empty
            (folder / name).parent.rmdir()
    _write(staging / MANIFEST, _manifest(files))
    (staging / MANIFEST).replace(folder / MANIFEST)
    shutil.rmtree(staging)


def _manifest(files: Mapping[str, bytes]) -> bytes:
    return (json.dumps(sorted(files), indent=1) + "\n").encode()


def _written_before(folder: Path) -> set[str]:
    """The files of the last complete writing; names that lead out of the folder are not believed."""
    try:
        names = json.loads((folder / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError):
        return set()
    if not isinstance(names, list):
        return set()
    root = os.path.realpath(folder)
    return {
        name
        for name in names
        if isinstance(name, str) and os.path.realpath(os.path.join(root, name)).startswith(root + os.sep)
    }


def _holds(path: Path, content: bytes) -> bool:
    try:
        return path.read_bytes() == content
    except OSError:
        return False


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)

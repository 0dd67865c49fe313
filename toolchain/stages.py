"""A stage whose inputs, settings and tools have not changed is not run again.

Each stage leaves a stamp, `.stages/NAME.json`: the hash of everything it depended on, the hash of
every file it wrote, and its result as JSON.  A stamp counts only when all of them still agree.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol, TypeVar

from pydantic import TypeAdapter, ValidationError

from toolchain import paths
from toolchain.errors import ConfigError

Result = TypeVar("Result")
_CHUNK_BYTES = 1 << 20


class Observer(Protocol):
    """Told what the corridor is doing; the command line draws it."""

    def started(self, stage: str) -> None:
        """A stage began."""
        ...

    def progress(self, share: float, words: str) -> None:
        """The running stage is `share` (0…1) done."""
        ...

    def finished(self, stage: str, seconds: float, *, from_cache: bool) -> None:
        """A stage ended well; `from_cache`: it was not run, since nothing had changed."""
        ...


class SilentObserver:
    """An Observer for scripts."""

    def started(self, stage: str) -> None:
        """Nothing."""

    def progress(self, share: float, words: str) -> None:
        """Nothing."""

    def finished(self, stage: str, seconds: float, *, from_cache: bool) -> None:
        """Nothing."""


def hash_file(path: Path) -> str:
    """SHA-256 of a file, or of a folder's files with their relative names."""
    digest = hashlib.sha256()
    if path.is_dir():
        for member in sorted(item for item in path.rglob("*") if item.is_file()):
            digest.update(f"{member.relative_to(path).as_posix()}\0{hash_file(member)}\n".encode())
        return digest.hexdigest()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


@cache
def hash_sources(*rooms: str) -> str:
    """SHA-256 of this tool's own sources in `rooms` (folders or files), and of the vocabulary."""
    package = Path(__file__).parent
    digest = hashlib.sha256()
    for root in [package / room for room in (*rooms, "vocabulary")]:
        files = root.rglob("*") if root.is_dir() else [root]
        for file in sorted(item for item in files if item.suffix in {".py", ".c", ".h"}):
            digest.update(f"{file.relative_to(package).as_posix()}\0{hash_file(file)}\n".encode())
    return digest.hexdigest()


@cache
def hash_templates() -> str:
    """SHA-256 of the firmware templates."""
    return hash_file(paths.firmware_templates())


def version_of(*distributions: str) -> dict[str, str | None]:
    """Installed versions, without importing anything; None where it is not installed."""
    found: dict[str, str | None] = {}
    for name in distributions:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found


@dataclass(slots=True)
class Workshop:
    """The output folder of one deployment: its stamps, its log, its lock."""

    folder: Path
    observer: Observer
    force: bool = False

    @property
    def log(self) -> Path:
        """Everything the tools printed."""
        return self.folder / "chipcast.log"

    @property
    def stages(self) -> Path:
        """Stamps and intermediate files."""
        return self.folder / ".stages"

    def run(
        self,
        stage: str,
        *,
        depends_on: Mapping[str, Any],
        writes: Sequence[Path],
        result: type[Result],
        action: Callable[[], Result],
    ) -> Result:
        """The result of `action`, or of the last time it ran on the same `depends_on`.

        `writes` are the files and folders it leaves; they are hashed, so that a file that was edited
        or deleted makes the stage run again.
        """
        self.observer.started(stage)
        begun = time.monotonic()
        adapter = TypeAdapter(result)
        key = hashlib.sha256(json.dumps(depends_on, sort_keys=True, default=str).encode()).hexdigest()
        stamp = self.stages / f"{stage}.json"
        kept = None if self.force else _kept(stamp, key, writes, adapter)
        if kept is None:
            stamp.unlink(missing_ok=True)
            kept = action()
            document = {
                "key": key,
                "files": {str(path): hash_file(path) for path in writes},
                "result": adapter.dump_python(kept, mode="json"),
            }
            write_whole(stamp, json.dumps(document, indent=1).encode())
            self.observer.finished(stage, time.monotonic() - begun, from_cache=False)
        else:
            self.observer.finished(stage, time.monotonic() - begun, from_cache=True)
        return kept


def _kept(stamp: Path, key: str, writes: Sequence[Path], adapter: TypeAdapter[Result]) -> Result | None:
    try:
        document = json.loads(stamp.read_text(encoding="utf-8"))
        if document["key"] != key:
            return None
        if any(document["files"].get(str(path)) != hash_file(path) for path in writes):
            return None
        return adapter.validate_python(document["result"])
    except (OSError, ValueError, KeyError, TypeError, ValidationError):
        # A stamp that is missing, damaged or of another version means only that the stage runs again.
        return None


def write_whole(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.part")
    temporary.write_bytes(data)
    os.replace(temporary, path)


@contextlib.contextmanager
def open_workshop(folder: Path, observer: Observer, *, force: bool) -> Iterator[Workshop]:
    """Claim `folder` (made if need be) for this process.

    Raises:
        ConfigError: another chipcast works in it, or it cannot be written.
    """
    try:
        (folder / ".stages").mkdir(parents=True, exist_ok=True)
        lock = (folder / ".stages" / "lock").open("w")
    except OSError as exc:
        raise ConfigError(
            f"The output folder {folder} cannot be written: {exc.strerror}.", "Choose another with --out."
        ) from exc
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            raise ConfigError(
                f"Another chipcast is working in {folder}.",
                "Wait for it, or choose another folder with --out.",
            ) from exc
        yield Workshop(folder, observer, force)

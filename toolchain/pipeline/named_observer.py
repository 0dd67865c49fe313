"""Stages inside another run, told under its name."""

from __future__ import annotations

from dataclasses import dataclass

from toolchain.stages import Observer


@dataclass(frozen=True, slots=True)
class NamedObserver:
    """An Observer that puts a name before the names of its stages."""

    observer: Observer
    name: str

    def started(self, stage: str) -> None:
        """A stage began."""
        self.observer.started(f"{self.name}, {stage}")

    def progress(self, share: float, words: str) -> None:
        """The running stage is `share` (0…1) done."""
        self.observer.progress(share, words)

    def finished(self, stage: str, seconds: float, *, from_cache: bool) -> None:
        """A stage ended well."""
        self.observer.finished(f"{self.name}, {stage}", seconds, from_cache=from_cache)

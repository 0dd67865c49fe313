"""Results kept as they come, so that a run that is killed goes on where it was.

A JSON Lines file.  Every line is an object whose first key is the CRC-32 of everything behind it, and is on
the disk before the next inference starts.  The first line binds the file to what is measured; then come the
inferences in order; the last line holds what was read at the end, and its presence means that the run is
complete.  Only the last line can be torn by a kill or a power cut: it is cut off.  Any other damage is an
error, never a guess.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from toolchain.errors import DataError
from toolchain.vocabulary.measurement import Identity, Inference, Kind, LayerTime, TimerRate

SCHEMA = "chipcast.journal/2"
JOURNAL_BYTES_MAX = 4 << 30
_LINE = re.compile(rb'\{"crc":"([0-9A-F]{8})",(.*)\}')

Binding = Mapping[str, str | int | bool | None]


@dataclass(frozen=True, slots=True)
class Ending:
    """What is read from the device after the last inference."""

    identity: Identity
    layers: tuple[LayerTime, ...] | None
    stack_bytes: int | None
    timer_rate: TimerRate | None = None
    retries: int = 0
    faults: int = 0


class Journal:
    """An open journal; use `open_journal`.  `inferences` are those that are on the disk, from run 0 on."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor
        self.inferences: list[Inference] = []
        self.ending: Ending | None = None

    def append(self, inference: Inference) -> None:
        """Put the next inference on the disk.  Raises DataError when the disk takes no more."""
        told = base64.b64encode(inference.output).decode("ascii")
        self._write({"run": len(self.inferences), "ticks": inference.ticks, "output": told})
        self.inferences.append(inference)

    def end(self, ending: Ending) -> None:
        """Mark the run as complete."""
        self._write(
            {
                "end": len(self.inferences),
                "identity": asdict(ending.identity),
                "layers": None if ending.layers is None else [asdict(layer) for layer in ending.layers],
                "stack_bytes": ending.stack_bytes,
                "timer_rate": None if ending.timer_rate is None else asdict(ending.timer_rate),
                "retries": ending.retries,
                "faults": ending.faults,
            }
        )
        self.ending = ending

    def _write(self, fields: Mapping[str, object]) -> None:
        line = _checked_line(fields)
        try:
            while line:
                line = line[os.write(self._descriptor, line) :]
            os.fsync(self._descriptor)
        except OSError as exc:
            raise DataError(
                f"The journal {self.path} cannot be written: {exc.strerror}.",
                "Make room on the disk and run the same command again: it goes on where it was.",
            ) from exc

    def _load(self, binding: Binding) -> None:
        """Take over what the file holds; write the first line where it holds nothing."""
        content = self._content()
        header = _checked_line({"schema": SCHEMA, "binding": dict(binding)})
        # Nothing, or no more than a part of the first line: this run was killed as it began.
        if header.startswith(content) and content != header:
            os.ftruncate(self._descriptor, 0)
            self._write({"schema": SCHEMA, "binding": dict(binding)})
            _sync_folder(self.path.parent)
            return
        first, *lines = content.split(b"\n")[:-1] or [b""]
        # Before anything is changed: it may be somebody's file.
        self._require_same(first, binding)
        # A last line that was written in part, or whose blocks came to the disk in another order.
        if lines and _fields(lines[-1]) is None:
            del lines[-1]
        whole = sum(len(line) + 1 for line in (first, *lines))
        if whole != len(content):
            os.ftruncate(self._descriptor, whole)
        for number, line in enumerate(lines, 2):
            self._take(number, line)

    def _content(self) -> bytes:
        if os.fstat(self._descriptor).st_size > JOURNAL_BYTES_MAX:
            raise DataError(f"{self.path} is too large to be a journal.", "Name another file with --journal.")
        content = bytearray()
        while piece := os.read(self._descriptor, 1 << 20):
            content += piece
        return bytes(content)

    def _require_same(self, line: bytes, binding: Binding) -> None:
        fields = _fields(line)
        bound = fields.get("binding") if fields else None
        if fields is None or fields.get("schema") != SCHEMA or not isinstance(bound, dict):
            raise DataError(
                f"{self.path} is no journal of chipcast's.",
                "Name another file with --journal; this one is kept.",
            )
        differing = [
            f"{key} {_short(bound.get(key))} there, {_short(binding.get(key))} here"
            for key in sorted({*bound, *binding})
            if bound.get(key) != binding.get(key)
        ]
        if differing:
            raise DataError(
                f"The journal {self.path} belongs to another run: {'; '.join(differing)}.",
                "Name another file with --journal, or delete this one.",
            )

    def _take(self, number: int, line: bytes) -> None:
        fields = _fields(line)
        try:
            if fields is None or self.ending is not None:
                raise ValueError("the line is damaged, or stands behind the end")
            if "end" in fields:
                self.ending = _ending(fields, len(self.inferences))
            else:
                self.inferences.append(_inference(fields, len(self.inferences)))
        except (KeyError, TypeError, ValueError) as exc:
            raise DataError(
                f"Line {number} of the journal {self.path} is damaged ({exc}).",
                "Delete the file to measure from the start, or name another with --journal.",
            ) from exc


@contextlib.contextmanager
def open_journal(path: Path, binding: Binding) -> Iterator[Journal]:
    """The journal at `path` for this process alone, made where there is none.

    `binding` says what the results belong to: a file of anything else is refused.

    Raises:
        DataError: it belongs to another run (with what differs), is damaged, is in use, or cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    except OSError as exc:
        raise DataError(
            f"The journal {path} cannot be opened: {exc.strerror}.", "Name another file with --journal."
        ) from exc
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            raise DataError(
                f"Another chipcast is writing the journal {path}.",
                "Wait for it, or name another file with --journal.",
            ) from exc
        journal = Journal(path, descriptor)
        journal._load(binding)
        yield journal
    finally:
        os.close(descriptor)


def _checked_line(fields: Mapping[str, object]) -> bytes:
    body = json.dumps(fields, separators=(",", ":"), allow_nan=False).encode("ascii")[1:-1]
    return b'{"crc":"%08X",%b}\n' % (zlib.crc32(body), body)


def _fields(line: bytes) -> dict[str, Any] | None:
    """What a line holds; None where its form or its CRC is wrong."""
    match = _LINE.fullmatch(line)
    if match is None or zlib.crc32(match[2]) != int(match[1], 16):
        return None
    try:
        fields = json.loads(b"{%b}" % match[2])
    except ValueError:
        return None
    return fields if isinstance(fields, dict) else None


def _inference(fields: Mapping[str, Any], run: int) -> Inference:
    if fields["run"] != run or not isinstance(fields["ticks"], int):
        raise ValueError(f"run {fields['run']} where {run} is due")
    return Inference(output=base64.b64decode(fields["output"], validate=True), ticks=fields["ticks"])


def _ending(fields: Mapping[str, Any], runs: int) -> Ending:
    if fields["end"] != runs:
        raise ValueError(f"it ends after {fields['end']} runs and holds {runs}")
    layers, rate = fields["layers"], fields["timer_rate"]
    return Ending(
        identity=Identity(**fields["identity"]),
        layers=None if layers is None else tuple(LayerTime(**layer) for layer in layers),
        stack_bytes=fields["stack_bytes"],
        timer_rate=None if rate is None else TimerRate(**{**rate, "kind": Kind(rate["kind"])}),
        retries=fields["retries"],
        faults=fields["faults"],
    )


def _sync_folder(folder: Path) -> None:
    """So that the file's name outlives a power cut as well."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _short(value: object) -> str:
    text = str(value)
    return text[:12] + "…" if len(text) > 24 else text

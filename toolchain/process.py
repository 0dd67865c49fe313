"""The only place that starts other programs: always bounded in time, output kept for the log."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from toolchain.errors import ChipcastError

# What goes through a pipe at once.
_PIECE = 1 << 16


class CommandNotFoundError(ChipcastError):
    """The program is not on PATH."""

    exit_code = 20


class CommandTimeoutError(ChipcastError):
    """The program did not end within its bound and was ended."""

    exit_code = 30


@dataclass(frozen=True, slots=True)
class Completed:
    """How a program ended: exit code, what it printed, and the seconds it took."""

    command: tuple[str, ...]
    exit_code: int
    stdout: str
    stderr: str
    seconds: float

    def tail(self, lines: int = 12) -> str:
        """The last `lines` lines of stderr, or of stdout when stderr is empty."""
        text = self.stderr.strip() or self.stdout.strip()
        return "\n".join(text.splitlines()[-lines:])


def run(
    command: Sequence[str | os.PathLike[str]],
    *,
    timeout: float,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    log: Path | None = None,
) -> Completed:
    """Run `command` to its end, at most `timeout` seconds, and return what it printed.

    `env` is added to this process's environment.  With `log`, command, output and exit code are
    appended to that file.  The program gets its own process group, so that a time-out or Ctrl-C
    ends its children too.

    Raises:
        CommandNotFoundError: the program is not on PATH.
        CommandTimeoutError: it ran longer than `timeout`.
    """
    words = tuple(os.fspath(word) for word in command)
    started = time.monotonic()
    try:
        process = subprocess.Popen(
            words,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except FileNotFoundError as exc:
        raise CommandNotFoundError(
            f"The program {words[0]!r} was not found.",
            "Install it or put it on PATH; `chipcast doctor` says how.",
        ) from exc
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired as exc:
        _end_group(process)
        raise CommandTimeoutError(
            f"{Path(words[0]).name!r} did not finish within {timeout:.0f} s and was ended.",
            "Run it again, and look at the log if it happens twice.",
        ) from exc
    except BaseException:
        _end_group(process)
        raise
    done = Completed(
        command=words,
        exit_code=process.returncode,
        stdout=out.decode("utf-8", "replace"),
        stderr=err.decode("utf-8", "replace"),
        seconds=time.monotonic() - started,
    )
    if log is not None:
        _append_log(log, done)
    return done


class PeerEndedError(ChipcastError):
    """The program ended in the middle of a conversation."""

    exit_code = 30


class Peer:
    """A program that answers on its stdout what is sent to its stdin; what it prints on stderr is dropped.

    It has its own process group, gets end-of-file when this process ends, and every wait is bounded.
    """

    def __init__(
        self, command: Sequence[str | os.PathLike[str]], *, env: Mapping[str, str] | None = None
    ) -> None:
        words = tuple(os.fspath(word) for word in command)
        self._name = Path(words[0]).name
        try:
            self._process = subprocess.Popen(
                words,
                env={**os.environ, **(env or {})},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                bufsize=0,
            )
        except FileNotFoundError as exc:
            raise CommandNotFoundError(
                f"The program {words[0]!r} was not found.", "Install it or put it on PATH."
            ) from exc
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input, self._output = self._process.stdin, self._process.stdout
        os.set_blocking(self._input.fileno(), False)

    def send(self, data: bytes, *, timeout: float) -> None:
        """Send all of `data` within `timeout` seconds.

        Raises:
            PeerEndedError: the program has ended.
            CommandTimeoutError: it does not read.
        """
        deadline, rest = time.monotonic() + timeout, memoryview(data)
        if self._input.closed:
            raise self._ended()
        while rest:
            self._wait([], [self._input], deadline)
            try:
                rest = rest[os.write(self._input.fileno(), rest[:_PIECE]) :]
            except BlockingIOError:
                continue
            except OSError as exc:
                raise self._ended() from exc

    def receive(self, count: int, *, timeout: float) -> bytes:
        """Exactly `count` bytes, within `timeout` seconds; raises as `send` does."""
        deadline, parts = time.monotonic() + timeout, bytearray()
        while len(parts) < count:
            self._wait([self._output], [], deadline)
            part = os.read(self._output.fileno(), min(count - len(parts), _PIECE))
            if not part:
                raise self._ended()
            parts += part
        return bytes(parts)

    def end(self) -> int:
        """End the program, if it has not ended yet; its exit code, minus the signal's number for a crash."""
        self._input.close()
        try:
            self._process.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(timeout=10)
        self._output.close()
        return int(self._process.returncode)

    def _wait(self, reading: list[IO[bytes]], writing: list[IO[bytes]], deadline: float) -> None:
        ready = select.select(reading, writing, [], max(0.0, deadline - time.monotonic()))
        if not any(ready):
            raise CommandTimeoutError(
                f"{self._name!r} did not answer in time.", "Run it again; report it if it happens twice."
            )

    def _ended(self) -> PeerEndedError:
        # Its output has ended, so it is about to: what it ends with is its own doing, not that of `end`.
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=10)
        code = self.end()
        how = f"by the signal {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
        return PeerEndedError(f"{self._name!r} ended {how}.", "Run it again; report it if it happens twice.")


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End the program and its children: politely first, for certain after two seconds."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        try:
            process.communicate(timeout=2)
            return
        except subprocess.TimeoutExpired:
            continue


def _append_log(log: Path, done: Completed) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as file:
        file.write(f"$ {' '.join(done.command)}\n{done.stdout}{done.stderr}")
        file.write(f"[exit code {done.exit_code}, {done.seconds:.1f} s]\n\n")


@contextlib.contextmanager
def native_stderr_to(log: Path | None) -> Iterator[None]:
    """Send everything written to file descriptor 2 in this process to `log` (appended; None: nowhere).

    For C++ libraries that write past `sys.stderr`.  It holds for the whole process, all threads and
    the programs it starts; whoever must reach the terminal meanwhile keeps a duplicate of descriptor
    2 made before.
    """
    if log is not None:
        log.parent.mkdir(parents=True, exist_ok=True)
    target = os.open(log or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    try:
        _flush_stderr()
        saved = os.dup(2)
        try:
            os.dup2(target, 2)
            yield
        finally:
            _flush_stderr()
            os.dup2(saved, 2)
            os.close(saved)
    finally:
        os.close(target)


def _flush_stderr() -> None:
    """So that what Python has buffered lands on the side of the switch where it was written."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()


class RunningProgram:
    """A program that runs beside this one until `end`, or until its `with` block is left."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    @property
    def has_ended(self) -> bool:
        """Whether it has ended by itself."""
        return self._process.poll() is not None

    def end(self) -> None:
        """Kill it and its children at once, as a power cut would."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(timeout=10)


def start(
    command: Sequence[str | os.PathLike[str]], *, env: Mapping[str, str] | None = None
) -> RunningProgram:
    """Start `command` beside this program, without input or output; `env` is added to the environment.

    Raises:
        CommandNotFoundError: it is not there, or not to be executed.
    """
    words = tuple(os.fspath(word) for word in command)
    try:
        return RunningProgram(
            subprocess.Popen(
                words,
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        )
    except OSError as exc:
        raise CommandNotFoundError(
            f"The program {words[0]!r} cannot be started: {exc.strerror}.",
            "Check that it exists and was built for this computer.",
        ) from exc

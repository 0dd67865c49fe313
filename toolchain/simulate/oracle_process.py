"""The oracle's process: `python -m toolchain.simulate.oracle_process`, driven by toolchain.simulate.oracle.

It answers every frame with one frame until its input ends.
"""

from __future__ import annotations

import os
from typing import IO

import numpy as np

from toolchain.errors import ChipcastError, MissingPackageError
from toolchain.simulate.frames import pack, receive
from toolchain.simulate.interpreter import InProcessOracle


class _Server:
    """Holds the model between questions."""

    def __init__(self) -> None:
        self._oracle: InProcessOracle | None = None

    def answer(self, what: str, data: bytes) -> bytes:
        """The frame that answers one question: "load", "reset", "arena", "run" or "tensors"."""
        try:
            if what == "load":
                self._oracle = InProcessOracle(data)
                return pack({}, b"")
            assert self._oracle is not None
            if what == "reset":
                self._oracle.reset()
                return pack({}, b"")
            if what == "arena":
                return pack({"bytes": self._oracle.arena_bytes()}, b"")
            if what == "run":
                row = np.frombuffer(data, np.uint8)[None]
                return pack({}, self._oracle.run(row).tobytes())
            found = self._oracle.tensors(data)
            sizes = [(index, len(value)) for index, value in found.items()]
            return pack({"tensors": sizes}, b"".join(found.values()))
        except ChipcastError as exc:
            missing = isinstance(exc, MissingPackageError)
            return pack({"error": exc.problem, "next_action": exc.next_action, "missing": missing}, b"")


def serve(questions: IO[bytes], answers: IO[bytes]) -> None:
    """Answer until the questions end."""

    def read(count: int) -> bytes:
        data = questions.read(count)
        if len(data) < count:
            raise EOFError
        return data

    server = _Server()
    while True:
        try:
            header, data = receive(read)
        except EOFError:
            return
        answers.write(server.answer(header["do"], data))
        answers.flush()


if __name__ == "__main__":
    # Native code may print on descriptor 1, which is the line to chipcast: that gets a number of its own.
    with os.fdopen(os.dup(1), "wb") as line, os.fdopen(os.dup(0), "rb") as given:
        os.dup2(2, 1)
        serve(given, line)

"""The oracle: TensorFlow Lite Micro itself, from the pinned `tflite-micro` wheel, in a process of its own.

Its bytes are the definition of right.  It trusts the model file, and a file that the reader and the
compiler have accepted may still make it crash: then that is an error here, not the end of chipcast.
"""

from __future__ import annotations

import importlib.metadata
import os
import sys
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import toolchain
from toolchain.errors import MissingPackageError, OracleError
from toolchain.process import CommandTimeoutError, Peer, PeerEndedError
from toolchain.simulate.frames import pack, receive

# For one inference or the loading of a model; the slowest model of MLPerf Tiny takes a tenth of a second.
ANSWER_SECONDS = 120.0
_START_SECONDS = 60.0


def oracle_name() -> str:
    """The distribution and version whose bytes are the definition of right; nothing heavy is imported."""
    return f"tflite-micro {importlib.metadata.version('tflite-micro')}"


class Oracle:
    """One model in the interpreter.  Its process ends with this object.

    Raises:
        MissingPackageError: the wheel is not installed.
        OracleError: the interpreter refuses the model (the reason is what it printed), crashes, or does
            not answer in time.
    """

    def __init__(self, model: bytes, *, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._seconds = answer_seconds
        package_root = str(Path(toolchain.__file__).resolve().parents[1])
        path = os.pathsep.join([package_root, *filter(None, [os.environ.get("PYTHONPATH")])])
        # -P: nothing is imported from the folder that chipcast happens to be called in.
        command = [sys.executable, "-P", "-m", "toolchain.simulate.oracle_process"]
        self._peer = Peer(command, env={"PYTHONPATH": path})
        self._end = weakref.finalize(self, self._peer.end)
        self.load(model)

    def load(self, model: bytes) -> None:
        """Take another model, in the same process; raises as the constructor does."""
        self._ask("load", model, seconds=_START_SECONDS + self._seconds)

    @property
    def name(self) -> str:
        """Which wheel this is."""
        return oracle_name()

    def reset(self) -> None:
        """Put a model's variables back to their initial values."""
        self._ask("reset", b"")

    def arena_bytes(self) -> int:
        """The smallest arena, to 16 bytes, in which the interpreter can be made ready on this computer."""
        return int(self._ask("arena", b"")[0]["bytes"])

    def run(self, inputs: npt.NDArray[np.uint8], *, reset_each: bool = False) -> npt.NDArray[np.uint8]:
        """Outputs, shape (n, output bytes) uint8, of inputs, shape (n, input bytes) uint8.

        Several inputs or outputs stand one after the other in the model's order.  A streaming model's
        state carries on from row to row, and from call to call, unless it is put back before each row.

        Raises:
            OracleError: the inputs' shape does not fit, or the interpreter failed.
        """
        if inputs.ndim != 2 or inputs.shape[0] == 0:
            raise OracleError(
                f"The oracle got inputs of shape {inputs.shape}, where (n, bytes) is needed.",
                "Give data that fits the model's inputs.",
            )
        rows = []
        for row in inputs:
            if reset_each:
                self.reset()
            rows.append(self._ask("run", np.ascontiguousarray(row, np.uint8).tobytes())[1])
        return np.stack([np.frombuffer(row, np.uint8) for row in rows])

    def tensors(self, input_bytes: bytes) -> dict[int, bytes]:
        """Every tensor of the main graph that holds data after one inference, by its index.

        Raises:
            OracleError: as for `run`.
        """
        answer, data = self._ask("tensors", input_bytes)
        found, position = {}, 0
        for index, size in answer["tensors"]:
            found[int(index)] = data[position : position + size]
            position += size
        return found

    def _ask(self, what: str, data: bytes, *, seconds: float | None = None) -> tuple[dict[str, Any], bytes]:
        bound = seconds or self._seconds
        try:
            self._peer.send(pack({"do": what}, data), timeout=bound)
            answer, content = receive(lambda count: self._peer.receive(count, timeout=bound))
        except CommandTimeoutError as exc:
            self._end()
            raise _failed(f"gave no answer within {bound:.0f} s") from exc
        except PeerEndedError as exc:
            raise _failed(f"crashed: {exc.problem.rstrip('.')}") from exc
        if "error" in answer:
            kind = MissingPackageError if answer["missing"] else OracleError
            raise kind(answer["error"], answer["next_action"])
        return answer, content


def _failed(how: str) -> OracleError:
    return OracleError(
        f"TensorFlow Lite Micro {how}.",
        "The file may be damaged: convert the model again, or compare without the oracle.",
    )

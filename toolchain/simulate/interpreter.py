"""TensorFlow Lite Micro's own interpreter, from the pinned `tflite-micro` wheel, in this process.

It trusts the model file: one that is damaged can end the process.  So everything but tests, which build
their models themselves, goes through `toolchain.simulate.oracle`, where it has a process of its own.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import weakref
from collections.abc import Callable, Iterator
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import tflite

from toolchain.errors import MissingPackageError, OracleError

_FIRST_ARENA = 256 * 1024
_LARGEST_ARENA = 512 * 2**20


class InProcessOracle:
    """One model in the interpreter.

    Raises:
        MissingPackageError: the wheel is not installed.
        OracleError: the interpreter refuses the model; the reason is what it printed.
    """

    def __init__(self, model: bytes) -> None:
        self._model = model
        self._printed = tempfile.TemporaryFile()  # noqa: SIM115 - closed with this object
        weakref.finalize(self, self._printed.close)
        self._interpreter, arena = self._allocate("kAllocationRecording", _FIRST_ARENA)
        self._arena = arena
        self._inputs = self._details("get_input_details")
        self._outputs = self._details("get_output_details")
        self._preserving: Any = None

    def run(self, inputs: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Outputs, shape (n, output bytes) uint8, of inputs, shape (n, input bytes) uint8.

        Several inputs or outputs stand one after the other in the model's order.

        Raises:
            OracleError: the inputs' shape does not fit, or the interpreter failed.
        """
        return np.stack([self._infer(self._interpreter, row) for row in self._rows(inputs)])

    def reset(self) -> None:
        """Every variable back to its initial value, of whatever kind: the interpreter is made anew."""
        self._interpreter, self._arena = self._allocate("kAllocationRecording", self._arena)
        self._preserving = None

    def arena_bytes(self) -> int:
        """The smallest arena, to 16 bytes, in which this computer's interpreter can be made ready.

        Pointers have 64 bits here, and no kernel asks for room to work in: a target's need is another.
        """
        with _captured_stderr(self._printed) as printed:
            self._interpreter.print_allocations()
            told = printed()
        found = re.search(r"Arena allocation total (\d+) bytes", told)
        if found is None:
            raise OracleError("TensorFlow Lite Micro does not tell its arena.", "Install the pinned wheel.")
        # Less than what is used at last is never enough, and no arena that small is tried: the interpreter
        # does not survive one in which it cannot even be placed.
        too_small, enough = int(found.group(1)) // 16 * 16, self._arena
        while enough - too_small > 16:
            middle = (too_small + enough) // 32 * 16
            if self._fits(middle):
                enough = middle
            else:
                too_small = middle
        return enough

    def _fits(self, arena: int) -> bool:
        try:
            self._make("kAllocationRecording", arena)
        except OracleError as exc:
            if _ran_out_of_memory(exc.problem):
                return False
            raise
        return True

    def tensors(self, input_bytes: bytes) -> dict[int, bytes]:
        """Every tensor of the main graph that holds data after one inference, by its index.

        Raises:
            OracleError: as for `run`.
        """
        if self._preserving is None:
            self._preserving, _ = self._allocate("kPreserveAllTensors", self._arena)
        row = self._rows(np.frombuffer(input_bytes, np.uint8)[None])[0]
        self._infer(self._preserving, row)
        found: dict[int, bytes] = {}
        graph = self._graph()
        for index in range(graph.TensorsLength()):
            # What stands for a resource variable has no bytes; the interpreter would read some all the same.
            if graph.Tensors(index).Type() == tflite.TensorType.RESOURCE:
                continue
            # A tensor no operator touches has no memory; the interpreter says so by an error.
            with contextlib.suppress(OracleError):
                value = self._call(self._preserving.GetTensor, index, 0)
                found[index] = np.asarray(value["tensor_data"]).tobytes()
        return found

    def _details(self, getter: str) -> list[tuple[tuple[int, ...], np.dtype[Any]]]:
        """Shape and type of every input or output; the interpreter ends the list with an error."""
        found: list[tuple[tuple[int, ...], np.dtype[Any]]] = []
        graph = self._graph()
        count = graph.InputsLength() if getter == "get_input_details" else graph.OutputsLength()
        for index in range(count):
            details = self._call(getattr(self._interpreter, getter), index)
            found.append((tuple(int(n) for n in details["shape"]), np.dtype(details["dtype"])))
        return found

    def _graph(self) -> Any:
        return tflite.Model.GetRootAsModel(self._model, 0).Subgraphs(0)

    def _rows(self, inputs: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        expected = sum(int(np.prod(shape)) * dtype.itemsize for shape, dtype in self._inputs)
        if inputs.ndim != 2 or inputs.shape[1] != expected or inputs.shape[0] == 0:
            raise OracleError(
                f"The oracle got inputs of shape {inputs.shape}, where (n, {expected}) bytes are needed.",
                "Give data that fits the model's inputs.",
            )
        return np.ascontiguousarray(inputs, dtype=np.uint8)

    def _infer(self, interpreter: Any, row: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        start = 0
        for index, (shape, dtype) in enumerate(self._inputs):
            size = int(np.prod(shape)) * dtype.itemsize
            value = row[start : start + size].view(dtype).reshape(shape)
            self._call(interpreter.set_input, value, index)
            start += size
        self._call(interpreter.invoke)
        outputs = [np.asarray(interpreter.get_output(index)).tobytes() for index in range(len(self._outputs))]
        return np.frombuffer(b"".join(outputs), np.uint8)

    def _allocate(self, config: str, first_arena: int) -> tuple[Any, int]:
        """An interpreter, in the smallest of a doubling series of arenas that is large enough."""
        arena = first_arena
        while True:
            try:
                made = self._make(config, arena)
            except OracleError as exc:
                if arena >= _LARGEST_ARENA or not _ran_out_of_memory(exc.problem):
                    raise
                arena *= 4
            else:
                return made, arena

    def _make(self, config: str, arena: int) -> Any:
        """An interpreter in an arena of so many bytes."""
        try:
            from tflite_micro import runtime  # noqa: PLC0415 - native code, loaded only when asked for
        except ImportError as exc:
            raise MissingPackageError(
                "The package tflite-micro, which defines the right bytes, is not installed.",
                "Install chipcast with its dependencies: pip install chipcast.",
            ) from exc
        return self._call(
            runtime.Interpreter.from_bytes,
            self._model,
            arena_size=arena,
            intrepreter_config=getattr(runtime.InterpreterConfig, config),
        )

    def _call(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """Call into native code; what it prints on stderr becomes the error's reason."""
        with _captured_stderr(self._printed) as printed:
            try:
                return function(*arguments, **options)
            # The interpreter raises RuntimeError and such; before it, the wheel follows the file's offsets
            # with the flatbuffers library, which in a damaged one may end in any exception.
            except Exception as exc:
                reason = " ".join(printed().split()) or str(exc)
                raise OracleError(
                    f"TensorFlow Lite Micro cannot run this model: {reason}.",
                    "Compare without the oracle, or change the model.",
                ) from exc


def _ran_out_of_memory(reason: str) -> bool:
    return any(
        words in reason
        for words in ("Failed to resize buffer", "Arena size", "Failed to allocate", "Too many buffers")
    )


@contextlib.contextmanager
def _captured_stderr(file: IO[bytes]) -> Iterator[Callable[[], str]]:
    """Send the process's stderr to `file` for a while; the yielded function reads what arrived."""
    saved, start = os.dup(2), os.lseek(file.fileno(), 0, os.SEEK_END)
    os.dup2(file.fileno(), 2)

    def printed() -> str:
        return os.pread(file.fileno(), 4000, start).decode("utf-8", "replace")

    try:
        yield printed
    finally:
        os.dup2(saved, 2)
        os.close(saved)

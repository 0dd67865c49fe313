"""Mutated `.tflite` files, and what becomes of them: refused, or a program that is right.

`python -m tests.compile.mutants 100000` is the long run; it prints how often each end was reached.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tests.host_runner import HOST, random_inputs, run_programs
from tests.random_networks import random_network
from toolchain.compile import compile_graph
from toolchain.convert.read_tflite import read_graph
from toolchain.errors import ModelError, OracleError
from toolchain.simulate.oracle import Oracle
from toolchain.vocabulary.program import Program

SECONDS_EACH = 10.0
# What is larger is right or wrong for the same reasons, and takes long.
_MOST_BYTES, _MOST_MACS = 1 << 20, 5_000_000
_BATCH = 40
_ROWS = 2


def mutants(count: int, seed: int = 0) -> Iterator[bytes]:
    """Random networks with a few bytes changed, some cut short."""
    chance = random.Random(seed)
    models = [random_network(1000 * seed + number, 5) for number in range(60)]
    for _ in range(count):
        data = bytearray(chance.choice(models))
        for _ in range(chance.choice((1, 1, 2, 8))):
            at = chance.randrange(8, len(data))
            data[at] = chance.choice((chance.randrange(256), 0, 255, data[at] ^ 1 << chance.randrange(8)))
        if chance.random() < 0.1:
            data = data[: chance.randrange(8, len(data))]
        yield bytes(data)


def read_and_compile(data: bytes, prefix: str = "model") -> Program | str:
    """The program, or how it was refused; anything but that, in bounded time, is a bug and raised."""
    started = time.monotonic()
    try:
        graph = read_graph(data, "mutant")
        try:
            return compile_graph(graph, HOST, prefix=prefix)
        except ModelError:
            return "not compiled"
    except ModelError:
        return "not read"
    finally:
        assert time.monotonic() - started < SECONDS_EACH


def is_small(program: Program) -> bool:
    ports = sum(port.bytes for port in (*program.inputs, *program.outputs))
    size = program.arena_bytes + ports + program.constant_bytes
    return program.macs <= _MOST_MACS and size <= _MOST_BYTES


class Judge:
    """Compares programs with the oracle, whose process serves one model after the other."""

    def __init__(self) -> None:
        self._oracle: Oracle | None = None
        self.ends: Counter[str] = Counter()
        self.wrong: list[bytes] = []
        self._waiting: list[tuple[bytes, Program]] = []

    def add(self, data: bytes, program: Program) -> None:
        """Remember a program under its place in the batch, which its prefix has to name."""
        self._waiting.append((data, program))
        if len(self._waiting) == _BATCH:
            self.judge()

    @property
    def next_prefix(self) -> str:
        return f"m{len(self._waiting)}"

    def judge(self) -> None:
        """Run what waits, and compare."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        inputs = [random_inputs(program, _ROWS, number) for number, (_, program) in enumerate(waiting)]
        with tempfile.TemporaryDirectory(prefix="chipcast-mutants-") as folder:
            results = run_programs([p for _, p in waiting], inputs, Path(folder), model_flag="-O0")
        for (data, program), rows, result in zip(waiting, inputs, results, strict=True):
            try:
                expected = self._outputs(data, program, rows)
            except OracleError as exc:
                crashed = "crashed" in exc.problem
                self.ends["the oracle crashes" if crashed else "the oracle refuses"] += 1
                if crashed:
                    self._oracle = None
                continue
            same = np.array_equal(expected, np.stack([np.frombuffer(out, np.uint8) for _, out in result]))
            self.ends["right" if same else "WRONG"] += 1
            if not same:
                self.wrong.append(data)

    def _outputs(self, data: bytes, program: Program, rows: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        if program.state:
            # The program was reset between the rows.
            return np.concatenate([Oracle(data).run(row[None]) for row in rows])
        if self._oracle is None:
            self._oracle = Oracle(data)
        else:
            self._oracle.load(data)
        return self._oracle.run(rows)


def survey(count: int, seed: int = 0, *, judge_every: int = 1) -> tuple[Counter[str], list[bytes]]:
    """Ends of `count` mutants, every `judge_every`th compiled one compared; the wrong ones are returned."""
    ends: Counter[str] = Counter()
    judge = Judge()
    compiled = 0
    for data in mutants(count, seed):
        end = read_and_compile(data, judge.next_prefix)
        ends["compiled" if isinstance(end, Program) else end] += 1
        if isinstance(end, Program):
            compiled += 1
            if compiled % judge_every == 0 and is_small(end):
                judge.add(data, end)
    judge.judge()
    return ends + judge.ends, judge.wrong


if __name__ == "__main__":
    total, wanted = Counter[str](), int(sys.argv[1])
    for part in range(-(-wanted // 2000)):
        found, wrong = survey(min(2000, wanted - 2000 * part), seed=part, judge_every=10)
        total += found
        for number, model in enumerate(wrong):
            Path(f"wrong-{part}-{number}.tflite").write_bytes(model)
        sys.stdout.write(f"{part}: {dict(total)}\n")
        sys.stdout.flush()

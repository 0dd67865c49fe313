"""What one model costs on the simulated Cortex-M4: built as firmware, run, its instructions counted."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.bench.cortex_m4_timing import estimate
from tests.bench.disassembly import Instruction, call_target, disassemble
from tests.bench.execution import Counter, Executions, counting_qemu, total
from tests.firmware.line import Line
from toolchain.build import build_firmware
from toolchain.compile import compile_graph
from toolchain.compile.passes.order import EVERY_CHANNEL, GraphPass
from toolchain.convert.read_tflite import read_graph
from toolchain.flash import flashed
from toolchain.load.board import load_board
from toolchain.render.project import render_project
from toolchain.simulate.oracle import Oracle
from toolchain.vocabulary.board import Board
from toolchain.vocabulary.program import Layer, Program

BOARD = "sim_cortex_m4"
_RUN = "model_run"
# Every inference but the first is warm.
_INFERENCES = 3


@dataclass(frozen=True, slots=True)
class LayerCost:
    """One layer: `instructions` counted, the cycles estimated by cortex_m4_timing.MODEL."""

    index: int
    operator: str
    name: str
    form: str
    macs: int
    instructions: int
    cycles: int
    address_stalls: int


@dataclass(frozen=True, slots=True)
class ModelCost:
    """A whole model, one warm inference; sizes in bytes.

    `timer_instructions` is what the board's own timer counted, reading it included; `different_bytes` are
    the output bytes that are not the oracle's.  `weights_bytes` are weights and biases as the model file has
    them: what a kernel's own layout takes on top counts beside the weights, but for `bytes_for_speed`, what
    layers got of `flash_for_speed`.
    """

    name: str
    optimise_for: str
    macs: int
    instructions: int
    timer_instructions: int
    cycles: int
    address_stalls: int
    arena_bytes: int
    flash_bytes: int
    weights_bytes: int
    bytes_for_speed: int
    different_bytes: int
    layers: tuple[LayerCost, ...]

    @property
    def flash_beside_weights(self) -> int:
        return self.flash_bytes - self.weights_bytes - self.bytes_for_speed


def cost_of(
    model: bytes,
    name: str,
    folder: Path,
    *,
    optimise_for: str = "speed",
    flash_for_speed: int = 0,
    passes: Sequence[GraphPass] = EVERY_CHANNEL,
) -> ModelCost:
    """Compile, build, run and count; everything is written below `folder`."""
    board, log = load_board(BOARD), folder / "log"
    graph = read_graph(model, name)
    program = compile_graph(
        graph,
        board,
        prefix="model",
        optimise_for=optimise_for,
        flash_for_speed=flash_for_speed,
        passes=passes,
    )
    plain = (
        compile_graph(graph, board, prefix="model", optimise_for=optimise_for, passes=passes)
        if flash_for_speed
        else program
    )
    render_project(program, board, model, folder / "project")
    firmware = build_firmware(folder / "project", board, log=log)
    code = disassemble(firmware.elf)
    counter = counting_qemu(folder / "counter", _marks(code, program))
    size = sum(port.bytes for port in program.inputs)
    ticks, output = _run(folder / "project", board, counter, repeatable_input(size), log)
    layers = _layers(program, _last_inference(counter, code, program), code)
    given = np.frombuffer(repeatable_input(size), np.uint8).reshape(1, size)
    expected = Oracle(model).run(given)[0].tobytes()
    return ModelCost(
        name=name,
        optimise_for=optimise_for,
        macs=program.macs,
        instructions=sum(layer.instructions for layer in layers),
        timer_instructions=_instructions(board, ticks),
        cycles=sum(layer.cycles for layer in layers),
        address_stalls=sum(layer.address_stalls for layer in layers),
        arena_bytes=program.arena_bytes,
        flash_bytes=firmware.flash_bytes,
        weights_bytes=compile_graph(graph, load_board("host"), prefix="model", passes=passes).weights_bytes,
        bytes_for_speed=program.constant_bytes - plain.constant_bytes,
        different_bytes=sum(a != b for a, b in zip(output, expected, strict=True)),
        layers=tuple(layers),
    )


def repeatable_input(count: int) -> bytes:
    """A linear congruential generator's top bytes, from 12345 on."""
    x, row = 12345, bytearray()
    for _ in range(count):
        x = (x * 1664525 + 1013904223) % 2**32
        row.append(x >> 24)
    return bytes(row)


def _instructions(board: Board, ticks: int) -> int:
    assert board.simulator is not None
    assert board.simulator.icount_shift is not None
    assert board.timer.hz is not None
    return round(ticks * 1e9 / (board.timer.hz * (1 << board.simulator.icount_shift)))


def _run(project: Path, board: Board, counter: Counter, given: bytes, log: Path) -> tuple[int, bytes]:
    """Ticks and output of the last of a few inferences, on a simulator that counts."""
    with _in_front_of_path(counter), flashed(project, board, log=log) as running, Line.open(running) as line:
        line.answer()
        line.put(given)
        results = [line.run() for _ in range(_INFERENCES)]
    fields, output = results[-1]
    return int(fields["ticks"]), output


@contextmanager
def _in_front_of_path(counter: Counter) -> Iterator[None]:
    before = os.environ["PATH"]
    os.environ["PATH"] = counter.path
    try:
        yield
    finally:
        os.environ["PATH"] = before


# marks -----------------------------------------------------------------------------------------------


def _calls(program: Program) -> list[tuple[Layer, str]]:
    return [(layer, call.function) for layer in program.layers for call in layer.calls]


def _marks(code: Mapping[int, Instruction], program: Program) -> list[int]:
    """Where the model begins, where each kernel returns to in it, and where it returns to itself."""
    inside = [instruction for instruction in code.values() if instruction.function == _RUN]
    kernels = [(instruction, target) for instruction in inside if (target := call_target(instruction))]
    called, expected = [target for _, target in kernels], [function for _, function in _calls(program)]
    assert called == expected, f"the compiler changed the calls: {called} instead of {expected}"
    callers = [instruction for instruction in code.values() if call_target(instruction) == _RUN]
    returns = [i.address + i.size for i in callers if i.name == "bl"]
    assert len(returns) == len(callers) == 1, callers
    return [inside[0].address, *(i.address + i.size for i, _ in kernels if i.name == "bl"), *returns]


def _last_inference(
    counter: Counter, code: Mapping[int, Instruction], program: Program
) -> list[tuple[Executions, ...]]:
    """What was executed for each call of the last inference; what follows the last call belongs to it."""
    sections, inferences = list(counter.sections()), []
    for number, (mark, _) in enumerate(sections):
        if code[mark].function == _RUN and (number == 0 or code[sections[number - 1][0]].function != _RUN):
            begin = number + 1
        if code[mark].function != _RUN:
            inferences.append([executed for _, executed in sections[begin : number + 1]])
    assert len(inferences) == _INFERENCES
    last, calls = inferences[-1], len(_calls(program))
    return [*last[: calls - 1], total(last[calls - 1 :])]


def _layers(
    program: Program, executed: Sequence[tuple[Executions, ...]], code: Mapping[int, Instruction]
) -> list[LayerCost]:
    costs, remaining = [], list(executed)
    for layer in program.layers:
        own, remaining = remaining[: len(layer.calls)], remaining[len(layer.calls) :]
        found = estimate(total(own), code)
        costs.append(
            LayerCost(
                index=layer.index,
                operator=layer.operator,
                name=layer.name,
                form=" + ".join(dict.fromkeys(call.kernel for call in layer.calls)),
                macs=layer.macs,
                instructions=found.instructions,
                cycles=found.cycles,
                address_stalls=found.address_stalls,
            )
        )
    return costs

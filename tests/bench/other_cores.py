"""The models on cores without DSP instructions: instructions of one warm inference, by the board's own timer.

The simulated parts of these cores are small; here the same machines have the memory that they can have, and
the Cortex-M0's code runs on the Cortex-M3's machine, as that of the baseline did.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.bench.cost import repeatable_input
from tests.bench.tables import columns
from tests.firmware.line import Line
from toolchain.build import build_firmware
from toolchain.compile import compile_graph
from toolchain.compile.passes.order import EVERY_CHANNEL
from toolchain.convert.read_tflite import read_graph
from toolchain.flash import flashed
from toolchain.load.board import load_board
from toolchain.render.project import render_project
from toolchain.simulate.oracle import Oracle
from toolchain.vocabulary.board import Board

_FILE = Path(__file__).with_name("other_cores.toml")
# Every inference but the first is warm.
_INFERENCES = 2
_MEGABYTE = 1 << 20
CORES = ("m3", "m0", "rv32")


@dataclass(frozen=True, slots=True)
class CoreCost:
    """One model on one core; sizes in bytes, `instructions` with those that read the timer (some twenty)."""

    core: str
    name: str
    macs: int
    instructions: int
    arena_bytes: int
    flash_beside_weights: int
    different_bytes: int


@dataclass(frozen=True, slots=True)
class CoreBook:
    """By core and model: what TensorFlow Lite Micro with CMSIS-NN takes (`source`), and what is held."""

    source: str
    baseline: Mapping[str, Mapping[str, int]]
    held: Mapping[str, Mapping[str, int]]


def read_core_book() -> CoreBook:
    """The file, whole."""
    with _FILE.open("rb") as file:
        return CoreBook(**tomllib.load(file))


def board_of(core: str) -> Board:
    """The core's simulated machine, with memory for every model."""
    if core == "rv32":
        return _with_memory(load_board("sim_rv32"), _MEGABYTE, 4 * _MEGABYTE)
    board = _with_memory(load_board("sim_cortex_m3"), 4 * _MEGABYTE, 4 * _MEGABYTE)
    if core == "m3":
        return board
    compiler = board.compiler.model_copy(update={"flags": ["-mcpu=cortex-m0", "-mthumb"]})
    return board.model_copy(update={"core": "cortex-m0", "compiler": compiler})


def _with_memory(board: Board, flash: int, ram: int) -> Board:
    memory = board.memory.model_copy(update={"flash_bytes": flash, "ram_bytes": ram})
    return board.model_copy(update={"memory": memory})


def cost_on(core: str, model: bytes, name: str, folder: Path, *, optimise_for: str = "speed") -> CoreCost:
    """Compile, build, run and compare; everything is written below `folder`."""
    board, log = board_of(core), folder / "log"
    graph = read_graph(model, name)
    program = compile_graph(graph, board, prefix="model", optimise_for=optimise_for, passes=EVERY_CHANNEL)
    render_project(program, board, model, folder / "project")
    firmware = build_firmware(folder / "project", board, log=log)
    size = sum(port.bytes for port in program.inputs)
    with flashed(folder / "project", board, log=log) as running, Line.open(running) as line:
        line.answer()
        line.put(repeatable_input(size))
        fields, output = [line.run() for _ in range(_INFERENCES)][-1]
    given = np.frombuffer(repeatable_input(size), np.uint8).reshape(1, size)
    expected = Oracle(model).run(given)[0].tobytes()
    as_given = compile_graph(graph, load_board("host"), prefix="model", passes=EVERY_CHANNEL)
    return CoreCost(
        core=core,
        name=name,
        macs=program.macs,
        instructions=_instructions(board, int(fields["ticks"])),
        arena_bytes=program.arena_bytes,
        flash_beside_weights=firmware.flash_bytes - as_given.weights_bytes,
        different_bytes=sum(a != b for a, b in zip(output, expected, strict=True)),
    )


def _instructions(board: Board, ticks: int) -> int:
    assert board.simulator is not None
    shift = board.simulator.icount_shift
    assert shift is not None
    assert board.timer.hz is not None
    return round(ticks * 1e9 / (board.timer.hz * (1 << shift)))


def core_table(costs: Sequence[CoreCost], book: CoreBook) -> str:
    """A line a model and core."""
    header = (
        "core",
        "model",
        "instructions",
        "/MAC",
        "TFLM + CMSIS-NN",
        "of it",
        "arena",
        "flash*",
        "different",
    )
    rows = [header]
    for cost in costs:
        known = book.baseline.get(cost.core, {}).get(cost.name)
        rows.append(
            (
                cost.core,
                cost.name,
                f"{cost.instructions:,}",
                f"{cost.instructions / cost.macs:.2f}" if cost.macs else "-",
                f"{known:,}" if known else "-",
                f"{cost.instructions / known:.2f}" if known else "-",
                f"{cost.arena_bytes:,}",
                f"{cost.flash_beside_weights:,}",
                f"{cost.different_bytes:,}",
            )
        )
    return f"{columns(rows, left=(0, 1))}\n\nflash*: beside weights and biases.\nbaseline: {book.source}.\n"

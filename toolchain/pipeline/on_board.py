"""A converted model to firmware that has run, stage by stage: compile → render → build → flash → measure."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from toolchain.build import build_firmware, compiler_version, predict_fit, require_tools
from toolchain.compile import compile_graph
from toolchain.compile.flash_left import flash_left
from toolchain.compile.passes.order import EVERY_CHANNEL, PASSES
from toolchain.config import DeployConfig
from toolchain.convert.c_array import model_data
from toolchain.convert.read_tflite import read_graph
from toolchain.flash import flashed, flashed_by
from toolchain.load.board import load_board
from toolchain.load.held_out import HeldOut, held_out_inputs
from toolchain.measure.run_data_set import run_data_set
from toolchain.measure.state_reset import state_reset_of
from toolchain.measure.summarise import summarise_timing
from toolchain.pipeline.board_line import found_line, line_of, opened_device
from toolchain.pipeline.data_hash import data_key, hash_data
from toolchain.pipeline.interpret import (
    estimated_arena,
    interpreted_program,
    library_key,
    library_of,
    measured_arena,
)
from toolchain.pipeline.model import is_tflite
from toolchain.provenance import hash_array, now, provenance_of
from toolchain.render.project import render_project
from toolchain.simulate.oracle import Oracle, oracle_name
from toolchain.stages import (
    Workshop,
    hash_file,
    hash_sources,
    hash_templates,
    version_of,
    write_whole,
)
from toolchain.vocabulary.board import Board
from toolchain.vocabulary.engine import TflmLibrary
from toolchain.vocabulary.firmware import Firmware
from toolchain.vocabulary.graph import Graph
from toolchain.vocabulary.layers import ProgramFacts, facts_of
from toolchain.vocabulary.measurement import StateReset, Timing
from toolchain.vocabulary.program import Program
from toolchain.vocabulary.report import Provenance

SYMBOL_PREFIX = "model"


@dataclass(frozen=True, slots=True)
class Measured:
    """What stays of a run through the device; its output bytes are in `device.npy`."""

    timing: Timing
    stack_bytes: int | None
    provenance: Provenance


def board_of(config: DeployConfig) -> Board:
    """The board that `config` names, at the rate that `config` asks for."""
    board = load_board(config.board, [config.boards_folder] if config.boards_folder else [])
    board = flashed_by(board, config.upload_protocol)
    if config.serial.baud is None:
        return board
    # The firmware is made for the rate that its line is opened at.
    return board.model_copy(update={"serial": board.serial.model_copy(update={"baud": config.serial.baud})})


# compile → render → build ----------------------------------------------------------------------------


def require_engine_tools(config: DeployConfig, board: Board, *, simulator: bool = True) -> None:
    """Check at once, before a long run, for all that the engines need; raises as `require_tools`.

    Raises:
        MissingLibraryError: the engine tflm has no library.
    """
    interprets = "tflm" in config.engine.use
    require_tools(board, simulator=simulator, cxx=interprets)
    if interprets:
        library_of(config, board)


def compile_project(
    config: DeployConfig, board: Board, model: bytes, shop: Workshop, *, on_device: bool = True
) -> ProgramFacts:
    """The stage that compiles `model` and renders the project into the shop's folder.

    An interpreter's arena is measured on the board in a stage before; it is estimated without `on_device`.
    """
    project = shop.folder / "project"
    library = library_of(config, board) if config.engine.first == "tflm" else None
    arena = None
    if library is not None and on_device:
        arena = measured_arena(config, board, model, library, SYMBOL_PREFIX, shop).need_bytes

    def action() -> ProgramFacts:
        program = _program(config, board, model, library, arena)
        predict_fit(program, board, model_bytes=len(model) if library else 0)
        render_project(
            program,
            board,
            model,
            project,
            per_layer_timing=config.measure.per_layer,
            benchmark=config.benchmark,
            model_array=model_data(model) if library else None,
        )
        return facts_of(program)

    return shop.run(
        "compile",
        depends_on={
            "model": hash_file(shop.folder / "model.tflite"),
            "name": config.name,
            "board": board.model_dump(),
            "engine": config.engine.first,
            "library": library and (library.specification, library.defines),
            "arena": arena,
            "optimise_for": config.optimise_for,
            "remove_channels": config.remove_channels,
            "flash_for_speed": config.flash_for_speed,
            "max_flash": config.budget.max_flash if config.flash_for_speed == "auto" else None,
            "per_layer": config.measure.per_layer,
            "benchmark": config.benchmark,
            "templates": hash_templates(),
            "sources": hash_sources("compile", "kernels", "render", "convert"),
        },
        writes=[path for path in _rendered_files(project) if library is None or path.name != "lib"],
        result=ProgramFacts,
        action=action,
    )


def _program(
    config: DeployConfig, board: Board, model: bytes, library: TflmLibrary | None, arena: int | None
) -> Program:
    """What the first engine runs; `arena` None: an interpreter's is estimated."""
    if library is None:
        return _compiled(config, board, read_graph(model, config.name))
    if arena is None:
        program = interpreted_program(config, model, library, SYMBOL_PREFIX, 0)
        arena = estimated_arena(config, board, program, model)
    return interpreted_program(config, model, library, SYMBOL_PREFIX, arena)


def _compiled(config: DeployConfig, board: Board, graph: Graph) -> Program:
    passes = PASSES if config.remove_channels else EVERY_CHANNEL
    flash = config.flash_for_speed
    if flash == "auto":
        flash = flash_left(
            graph,
            board,
            max_flash=config.budget.max_flash,
            optimise_for=config.optimise_for,
            passes=passes,
        )
    return compile_graph(
        graph,
        board,
        prefix=SYMBOL_PREFIX,
        optimise_for=config.optimise_for,
        flash_for_speed=flash,
        passes=passes,
    )


def _rendered_files(project: Path) -> list[Path]:
    """What rendering leaves, without what building and running add to it."""
    names = ("platformio.ini", "chipcast.json", "model.tflite", "src", "include", "lib", "platform")
    return [project / name for name in names]


def build_stage(config: DeployConfig, board: Board, shop: Workshop) -> Firmware:
    """The stage that builds the project in the shop's folder."""
    project = shop.folder / "project"
    library = library_key(library_of(config, board)) if config.engine.first == "tflm" else None
    return shop.run(
        "build",
        depends_on={
            "project": [hash_file(path) for path in _rendered_files(project) if path.exists()],
            "library": library,
            "compiler": compiler_version(board),
            "tools": version_of("platformio", "scons"),
            "sources": hash_sources("build.py", "stack_usage.py"),
        },
        writes=[project / ".pio" / "build" / board.id / "firmware.elf"],
        result=Firmware,
        action=lambda: build_firmware(project, board, log=shop.log),
    )


# measure ---------------------------------------------------------------------------------------------


def held_out(config: DeployConfig, program: ProgramFacts) -> HeldOut:
    """The held-out samples as the model's input bytes, and their labels."""
    return held_out_inputs(
        program,
        config.data,
        split=not is_tflite(config.model.path),
        samples=config.measure.samples,
        random_samples=config.measure.random_samples,
        seed=config.seed,
    )


def oracle_outputs(
    model: bytes, inputs: npt.NDArray[np.uint8], reset: StateReset | None, shop: Workshop
) -> npt.NDArray[np.uint8]:
    """Output bytes of TensorFlow Lite Micro on this computer, shape (samples, bytes)."""
    target = shop.stages / "oracle.npy"

    def action() -> str:
        outputs = Oracle(model).run(inputs, reset_each=reset is StateReset.EACH_SAMPLE)
        _save_array(target, outputs)
        return oracle_name()

    shop.run(
        "oracle",
        depends_on={
            "model": hashlib.sha256(model).hexdigest(),
            "inputs": hash_array(inputs),
            "oracle": oracle_name(),
            "reset_state": reset,
            "sources": hash_sources(
                *(f"simulate/{name}.py" for name in ("oracle", "oracle_process", "interpreter", "frames"))
            ),
        },
        writes=[target],
        result=str,
        action=action,
    )
    return np.asarray(np.load(target, allow_pickle=False), np.uint8)


def measure_stage(
    config: DeployConfig,
    board: Board,
    program: ProgramFacts,
    firmware: Firmware,
    inputs: npt.NDArray[np.uint8],
    shop: Workshop,
) -> Measured:
    """The stage that flashes the firmware and runs `inputs` through it; its outputs are in `device.npy`."""
    target = shop.stages / "device.npy"
    reset = state_reset_of(program, config.measure.reset_state)

    def action() -> Measured:
        started, line = now(), found_line(line_of(config), board)
        with (
            flashed(
                firmware.project, board, log=shop.log, port=line.upload_port, number=line.usb_number
            ) as running,
            opened_device(running.at(line.port), board, line, just_flashed=True) as device,
        ):
            measurement = run_data_set(
                device,
                device.require_build(firmware.build_id),
                inputs,
                layers=program.layers,
                per_layer=config.measure.per_layer,
                progress=shop.observer.progress,
                warm_up=config.measure.warm_up,
                runs=config.measure.runs,
                state_reset=reset,
                check_clock=board.timer.kind == "measured",
            )
        _save_array(target, measurement.outputs)
        provenance = provenance_of(
            firmware,
            board,
            inputs,
            measurement,
            data=config.data.path if config.data else None,
            data_sha256=hash_data(config.data) if config.data else None,
            seed=config.seed,
            port=running.url,
            started=started,
        )
        return Measured(summarise_timing(measurement, board), measurement.stack_bytes, provenance)

    return shop.run(
        "measure",
        depends_on={
            "build": firmware.build_id,
            "elf": hash_file(firmware.elf),
            "inputs": hash_array(inputs),
            "data": data_key(config.data),
            "board": board.model_dump(),
            "port": config.port,
            "warm_up": config.measure.warm_up,
            "runs": config.measure.runs,
            "reset_state": reset,
            "sources": hash_sources("measure", "simulate", "flash.py"),
        },
        writes=[target],
        result=Measured,
        action=action,
    )


def _save_array(path: Path, array: npt.NDArray[np.uint8]) -> None:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    write_whole(path, buffer.getvalue())

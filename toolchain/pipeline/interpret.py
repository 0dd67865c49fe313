"""A model for TensorFlow Lite Micro's interpreter: its library found, its arena measured on the board."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from toolchain.build import build_firmware, predict_fit
from toolchain.compile.compile_graph import FIRMWARE_BYTES
from toolchain.compile.interpret_graph import interpret_graph
from toolchain.config import DeployConfig
from toolchain.convert.c_array import model_data
from toolchain.convert.count_graph import count_graph
from toolchain.convert.read_tflite import read_graph
from toolchain.errors import DoesNotFitError
from toolchain.flash import flashed
from toolchain.load.tflm_library import ENVIRONMENT, find_tflm_library
from toolchain.pipeline.board_line import found_line, line_of, opened_device
from toolchain.render.project import render_project
from toolchain.simulate.oracle import Oracle, oracle_name
from toolchain.stages import Workshop, hash_file, hash_sources, hash_templates
from toolchain.vocabulary.board import Board
from toolchain.vocabulary.engine import TflmLibrary
from toolchain.vocabulary.firmware import Firmware
from toolchain.vocabulary.graph import Graph
from toolchain.vocabulary.measurement import ArenaNeed
from toolchain.vocabulary.program import Program

ARENA_STEP = 16
_SMALLEST_ARENA = 1024
# Far more than any part has; only a computer gets that far.
_LARGEST_ARENA = 2**28


def library_of(config: DeployConfig, board: Board) -> TflmLibrary:
    """TensorFlow Lite Micro as option, file, environment or board name it.

    Raises:
        MissingLibraryError: none is named, or what is named cannot be one.
    """
    return find_tflm_library(
        config.engine.tflm.library, os.environ.get(ENVIRONMENT), board.platformio.tflm_library
    )


def library_key(library: TflmLibrary) -> str:
    """What changes when the library does: the hash of a folder, else its specification."""
    folder = Path(library.identity)
    return hash_file(folder) if folder.is_dir() else library.identity


def interpreted_program(
    config: DeployConfig, model: bytes, library: TflmLibrary, prefix: str, arena_bytes: int
) -> Program:
    """The program that runs `model` in an arena of so many bytes.

    Raises:
        UnsupportedError: an operator that the interpreter does not have, by name.
    """
    graph = read_graph(model, config.name)
    macs = [layer.macs for layer in count_graph(graph).layers]
    return interpret_graph(
        graph, macs, library, prefix=prefix, arena_bytes=arena_bytes, optimise_for=config.optimise_for
    )


def estimated_arena(config: DeployConfig, board: Board, program: Program, model: bytes) -> int:
    """An arena that is likely large enough, in bytes; no more than the board has.

    It is what this computer's interpreter needs, whose pointers are longer than a microcontroller's, and room
    for kernels to work in.
    """
    guess = Oracle(model).arena_bytes() + _working_room(read_graph(model, config.name))
    if not board.memory.ram_bytes:
        return guess
    ports = sum(port.bytes for port in (*program.inputs, *program.outputs))
    room = board.memory.ram_bytes - board.memory.stack_bytes - ports - FIRMWARE_BYTES
    return max(_SMALLEST_ARENA, min(guess, room)) // ARENA_STEP * ARENA_STEP


def _working_room(graph: Graph) -> int:
    """What a kernel may ask for: some rows of inputs as int16, as long as a filter, and a sum an output."""
    filters = [t.shape for t in graph.tensors if t.is_constant and t.dtype == "INT8" and len(t.shape) > 1]
    sizes = [8 * (_product(shape[1:]) + max(shape)) for shape in filters]
    return (max(sizes, default=0) + ARENA_STEP - 1) // ARENA_STEP * ARENA_STEP


def _product(shape: tuple[int, ...]) -> int:
    total = 1
    for size in shape:
        total *= size
    return total


def measured_arena(
    config: DeployConfig, board: Board, model: bytes, library: TflmLibrary, prefix: str, shop: Workshop
) -> ArenaNeed:
    """The stage that has the board try how small the arena may be, in a firmware made for that alone.

    Raises:
        DoesNotFitError: the board has not enough RAM.
        BuildError, FlashError, DeviceError: as their names say.
    """

    def action() -> ArenaNeed:
        program = interpreted_program(config, model, library, prefix, 0)
        return Probe(config, board, model, library, prefix, shop).need(
            estimated_arena(config, board, program, model)
        )

    return shop.run(
        "arena",
        depends_on={
            "model": hash_file(shop.folder / "model.tflite"),
            "board": board.model_dump(),
            "library": library_key(library),
            "specification": library.specification,
            "optimise_for": config.optimise_for,
            "oracle": oracle_name(),
            "templates": hash_templates(),
            "sources": hash_sources("compile", "render", "convert", "pipeline/interpret.py"),
        },
        writes=[],
        result=ArenaNeed,
        action=action,
    )


class Probe:
    """Firmware that tries its arena, in a project of its own."""

    def __init__(
        self,
        config: DeployConfig,
        board: Board,
        model: bytes,
        library: TflmLibrary,
        prefix: str,
        shop: Workshop,
    ) -> None:
        self._config, self._board, self._model = config, board, model
        self._library, self._prefix, self._shop = library, prefix, shop
        self._project = shop.stages / "arena" / "project"

    def need(self, first: int) -> ArenaNeed:
        """What is needed, tried first in `first` bytes, then in all that the board has left."""
        with contextlib.suppress(DoesNotFitError):
            if (found := self._tried(first)) is not None:
                return found
        return self._tried_in_all_there_is(first)

    def _tried_in_all_there_is(self, first: int) -> ArenaNeed:
        found = None
        limited = bool(self._board.memory.ram_bytes)
        size = self._left() if limited else 2 * first
        while found is None and size <= _LARGEST_ARENA:
            found = self._tried(size)
            if limited:
                break
            size *= 2
        if found is None:
            raise DoesNotFitError(
                f"The model {self._config.name} does not fit the board {self._board.id}: TensorFlow Lite "
                f"Micro cannot be made ready in the {size:,} bytes of RAM that are left for its arena.",
                "Use a smaller model, optimise it, or choose a board with more memory.",
            )
        return found

    def _left(self) -> int:
        """The RAM that is left for the arena, by the linker's account of a firmware with a small one."""
        memory = self._board.memory
        taken = self._built(_SMALLEST_ARENA).ram_bytes - _SMALLEST_ARENA
        return (memory.ram_bytes - taken) // ARENA_STEP * ARENA_STEP

    def _built(self, arena_bytes: int) -> Firmware:
        """The firmware with such an arena."""
        program = interpreted_program(self._config, self._model, self._library, self._prefix, arena_bytes)
        predict_fit(program, self._board, model_bytes=len(self._model))
        render_project(
            program,
            self._board,
            self._model,
            self._project,
            model_array=model_data(self._model),
            arena_probe=True,
        )
        return build_firmware(self._project, self._board, log=self._shop.log)

    def _tried(self, arena_bytes: int) -> ArenaNeed | None:
        firmware = self._built(arena_bytes)
        line = found_line(line_of(self._config), self._board)
        with (
            flashed(self._project, self._board, log=self._shop.log, port=line.upload_port) as running,
            opened_device(running.at(line.port), self._board, line, just_flashed=True) as device,
        ):
            device.require_build(firmware.build_id, ready=False)
            return device.arena_need()

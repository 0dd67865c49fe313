"""The corridor: load → optimise → convert → compile → render → build → flash → measure → report."""

from __future__ import annotations

import gzip
import io
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from toolchain.build import build_firmware, compiler_version, predict_fit, require_tools
from toolchain.compile import compile_graph
from toolchain.config import DeployConfig
from toolchain.convert.read_tflite import read_graph
from toolchain.errors import ParityError
from toolchain.flash import flashed
from toolchain.load.board import load_board
from toolchain.load.held_out import HeldOut, held_out_inputs
from toolchain.load.project import open_project
from toolchain.measure.run_data_set import run_data_set
from toolchain.measure.state_reset import state_reset_of
from toolchain.measure.summarise import compare_outputs, compare_with_labels, summarise_timing
from toolchain.pipeline.board_line import found_line, line_of, opened_device
from toolchain.pipeline.data_hash import data_key, hash_data
from toolchain.pipeline.locate_divergence import locate_divergence
from toolchain.pipeline.model import int8_model, is_tflite
from toolchain.provenance import hash_array, now, provenance_of
from toolchain.render.project import render_project
from toolchain.report.json_file import write_report
from toolchain.simulate.oracle import Oracle, oracle_name
from toolchain.stages import (
    Observer,
    SilentObserver,
    Workshop,
    hash_file,
    hash_sources,
    hash_templates,
    open_workshop,
    version_of,
    write_whole,
)
from toolchain.vocabulary.board import Board
from toolchain.vocabulary.firmware import Firmware
from toolchain.vocabulary.layers import ProgramFacts, facts_of
from toolchain.vocabulary.measurement import Parity, StateReset, Timing
from toolchain.vocabulary.optimisation import OptimisedModel
from toolchain.vocabulary.report import FirmwareFacts, ModelFacts, Provenance, Report, memory_map_of

SYMBOL_PREFIX = "model"


@dataclass(frozen=True, slots=True)
class Measured:
    """What stays of a run through the device; its output bytes are in `device.npy`."""

    timing: Timing
    stack_bytes: int | None
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Built:
    """Everything up to the firmware."""

    optimised: OptimisedModel | None
    program: ProgramFacts
    firmware: Firmware
    model: bytes


def deploy(
    config: DeployConfig,
    *,
    out: Path | None = None,
    force: bool = False,
    observer: Observer | None = None,
) -> Report:
    """Take a model to firmware that has run, and say how: the whole corridor.

    `out` (default `out/NAME-BOARD` in the working folder) receives report.json, model.tflite,
    model_data.h/.cc, the PlatformIO project and chipcast.log.  `force` runs every stage, changed or not.

    Raises:
        ChipcastError: one of its subclasses, see toolchain.errors.  ParityError comes after
            report.json is written.
    """
    board = _board(config)
    require_tools(board)
    with open_workshop(_folder(config, board, out), observer or SilentObserver(), force=force) as shop:
        built = _build(config, board, shop)
        given = _held_out(config, built.program)
        oracle = _oracle_outputs(config, built, given.inputs, shop)
        measured = _measure(config, board, built, given.inputs, shop)
        report = _report(config, built, measured, oracle, given.labels, shop)
        if report.parity.mismatched_bytes and board.is_simulated:
            report = replace(report, parity=_located(report.parity, given.inputs, oracle, config, shop))
        write_report(report, shop.folder / "report.json")
    if report.parity.mismatched_bytes:
        raise ParityError(
            f"{report.parity.mismatched_bytes} of {report.parity.compared_bytes} output bytes differ from "
            f"{report.parity.oracle}, first in {report.parity.first_diverging_layer or 'an unknown layer'}.",
            f"Please report it with {shop.folder / 'model.tflite'}; the figures are in report.json.",
        )
    return report


def build(
    config: DeployConfig,
    *,
    out: Path | None = None,
    force: bool = False,
    observer: Observer | None = None,
) -> Firmware:
    """The corridor up to the built firmware: no device is touched."""
    board = _board(config)
    require_tools(board, simulator=False)
    with open_workshop(_folder(config, board, out), observer or SilentObserver(), force=force) as shop:
        return _build(config, board, shop).firmware


def _board(config: DeployConfig) -> Board:
    board = load_board(config.board, [config.boards_folder] if config.boards_folder else [])
    if config.serial.baud is None:
        return board
    # The firmware is made for the rate that its line is opened at.
    return board.model_copy(update={"serial": board.serial.model_copy(update={"baud": config.serial.baud})})


def _folder(config: DeployConfig, board: Board, out: Path | None) -> Path:
    return (out or Path("out") / f"{config.name}-{board.id}").expanduser().resolve()


def _build(config: DeployConfig, board: Board, shop: Workshop) -> Built:
    optimised, model = int8_model(config, shop)
    program = _project(config, board, model, shop)
    firmware = _firmware(board, shop)
    return Built(optimised, program, firmware, model)


# compile → render → build ----------------------------------------------------------------------------


def _project(config: DeployConfig, board: Board, model: bytes, shop: Workshop) -> ProgramFacts:
    project = shop.folder / "project"

    def action() -> ProgramFacts:
        graph = read_graph(model, config.name)
        program = compile_graph(graph, board, prefix=SYMBOL_PREFIX, optimise_for=config.optimise_for)
        predict_fit(program, board)
        render_project(
            program,
            board,
            model,
            project,
            per_layer_timing=config.measure.per_layer,
            benchmark=config.benchmark,
        )
        return facts_of(program)

    return shop.run(
        "compile",
        depends_on={
            "model": hash_file(shop.folder / "model.tflite"),
            "name": config.name,
            "board": board.model_dump(),
            "engine": config.engine,
            "optimise_for": config.optimise_for,
            "per_layer": config.measure.per_layer,
            "benchmark": config.benchmark,
            "templates": hash_templates(),
            "sources": hash_sources("compile", "kernels", "render", "convert"),
        },
        writes=_rendered_files(project),
        result=ProgramFacts,
        action=action,
    )


def _rendered_files(project: Path) -> list[Path]:
    """What rendering leaves, without what building and running add to it."""
    return [
        project / name
        for name in ("platformio.ini", "chipcast.json", "model.tflite", "src", "include", "lib", "platform")
    ]


def _firmware(board: Board, shop: Workshop) -> Firmware:
    project = shop.folder / "project"
    return shop.run(
        "build",
        depends_on={
            "project": [hash_file(path) for path in _rendered_files(project)],
            "compiler": compiler_version(board),
            "tools": version_of("platformio", "scons"),
            "sources": hash_sources("build.py", "stack_usage.py"),
        },
        writes=[project / ".pio" / "build" / board.id / "firmware.elf"],
        result=Firmware,
        action=lambda: build_firmware(project, board, log=shop.log),
    )


# measure ---------------------------------------------------------------------------------------------


def _held_out(config: DeployConfig, program: ProgramFacts) -> HeldOut:
    """The held-out samples as the model's input bytes, and their labels."""
    return held_out_inputs(
        program,
        config.data,
        split=not is_tflite(config.model.path),
        samples=config.measure.samples,
        random_samples=config.measure.random_samples,
        seed=config.seed,
    )


def _oracle_outputs(
    config: DeployConfig, built: Built, inputs: npt.NDArray[np.uint8], shop: Workshop
) -> npt.NDArray[np.uint8]:
    """Output bytes of TensorFlow Lite Micro on this computer, shape (samples, bytes)."""
    target = shop.stages / "oracle.npy"
    reset = state_reset_of(built.program, config.measure.reset_state)

    def action() -> str:
        outputs = Oracle(built.model).run(inputs, reset_each=reset is StateReset.EACH_SAMPLE)
        _save_array(target, outputs)
        return oracle_name()

    shop.run(
        "oracle",
        depends_on={
            "model": built.program.model_sha256,
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


def _measure(
    config: DeployConfig, board: Board, built: Built, inputs: npt.NDArray[np.uint8], shop: Workshop
) -> Measured:
    target = shop.stages / "device.npy"
    reset = state_reset_of(built.program, config.measure.reset_state)

    def action() -> Measured:
        started, line = now(), found_line(line_of(config), board)
        with (
            flashed(built.firmware.project, board, log=shop.log, port=line.upload_port) as running,
            opened_device(running.at(line.port), board, line, just_flashed=True) as device,
        ):
            measurement = run_data_set(
                device,
                device.require_build(built.firmware.build_id),
                inputs,
                layers=built.program.layers,
                per_layer=config.measure.per_layer,
                progress=shop.observer.progress,
                warm_up=config.measure.warm_up,
                runs=config.measure.runs,
                state_reset=reset,
                check_clock=board.timer.kind == "measured",
            )
        _save_array(target, measurement.outputs)
        provenance = provenance_of(
            built.firmware,
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
            "build": built.firmware.build_id,
            "elf": hash_file(built.firmware.elf),
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


def _located(
    parity: Parity,
    inputs: npt.NDArray[np.uint8],
    oracle: npt.NDArray[np.uint8],
    config: DeployConfig,
    shop: Workshop,
) -> Parity:
    """`parity` with the first diverging layer of the first sample that differs."""
    device = np.load(shop.stages / "device.npy", allow_pickle=False)
    return locate_divergence(
        open_project(shop.folder),
        inputs,
        parity,
        int(np.argmax((device != oracle).any(axis=1))),
        state_wanted=config.measure.reset_state,
        line=found_line(line_of(config), _board(config)),
        log=shop.log,
        observer=shop.observer,
    )


def _save_array(path: Path, array: npt.NDArray[np.uint8]) -> None:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    write_whole(path, buffer.getvalue())


# report ----------------------------------------------------------------------------------------------


def _report(
    config: DeployConfig,
    built: Built,
    measured: Measured,
    oracle: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.int64] | None,
    shop: Workshop,
) -> Report:
    device = np.asarray(np.load(shop.stages / "device.npy", allow_pickle=False), np.uint8)
    first = built.program.outputs[0]
    keras = built.optimised.summary if built.optimised else None
    records = built.optimised.records if built.optimised else ()
    float_accuracy = records[-1].accuracy_after if records else (keras.accuracy if keras else None)
    firmware = built.firmware
    return Report(
        model=ModelFacts(
            name=config.name,
            sha256=built.program.model_sha256,
            source=config.model.path.name,
            macs=built.program.macs,
            parameters=keras.parameters if keras else None,
            float_bytes=keras.file_bytes if keras else None,
            int8_bytes=len(built.model),
            int8_gzip_bytes=len(gzip.compress(built.model, mtime=0)),
        ),
        optimise=tuple(records),
        engine=config.engine,
        board=firmware.board,
        firmware=FirmwareFacts(
            build_id=firmware.build_id,
            flash_bytes=firmware.flash_bytes,
            ram_bytes=firmware.ram_bytes,
            arena_bytes=firmware.arena_bytes,
            stack_bytes=measured.stack_bytes,
            code_bytes=firmware.code_bytes,
            weights_bytes=firmware.weights_bytes,
            compiler=firmware.compiler,
            flags=firmware.flags,
            optimise_for=built.program.optimise_for,
            model_stack_bytes=firmware.model_stack_bytes,
        ),
        timing=measured.timing,
        accuracy=compare_with_labels(
            labels,
            first.dtype,
            host=oracle[:, : first.bytes],
            device=device[:, : first.bytes],
            float_model=float_accuracy,
        ),
        parity=compare_outputs(device, oracle, oracle_name()),
        folder=shop.folder,
        memory=memory_map_of(built.program),
        provenance=measured.provenance,
    )

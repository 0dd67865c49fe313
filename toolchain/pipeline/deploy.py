"""The corridor: load → optimise → convert → compile → render → build → flash → measure → report."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from toolchain.config import DeployConfig
from toolchain.convert.read_tflite import read_graph
from toolchain.errors import ConfigError, ParityError
from toolchain.load.held_out import HeldOut
from toolchain.load.project import open_project
from toolchain.measure.state_reset import state_reset_of
from toolchain.measure.summarise import compare_outputs, compare_with_labels
from toolchain.pipeline.board_line import found_line, line_of
from toolchain.pipeline.budget import check_budget, require_checkable
from toolchain.pipeline.engines import (
    device_outputs,
    require_same_bytes,
    run_other_engines,
    side_by_side,
)
from toolchain.pipeline.forms import other_forms
from toolchain.pipeline.locate_divergence import locate_divergence
from toolchain.pipeline.model import int8_model
from toolchain.pipeline.on_board import (
    Measured,
    board_of,
    build_stage,
    compile_project,
    held_out,
    measure_stage,
    oracle_outputs,
    require_engine_tools,
)
from toolchain.pipeline.points import cost_of, earlier_points, point, score_of, target_cost
from toolchain.report.json_file import write_report
from toolchain.simulate.oracle import oracle_name
from toolchain.stages import (
    Observer,
    SilentObserver,
    Workshop,
    open_workshop,
)
from toolchain.vocabulary.board import Board
from toolchain.vocabulary.firmware import Firmware
from toolchain.vocabulary.layers import ProgramFacts
from toolchain.vocabulary.measurement import Parity
from toolchain.vocabulary.optimisation import OptimisedModel
from toolchain.vocabulary.optimisation_report import Point
from toolchain.vocabulary.report import (
    FirmwareFacts,
    ModelFacts,
    Report,
    layer_kernels_of,
    memory_map_of,
    removed_channels_of,
)
from toolchain.vocabulary.score import Score


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
    model_data.h/.cc, the PlatformIO project and chipcast.log, and a folder for each further engine. `force`
    runs every stage, changed or not.

    Raises:
        ChipcastError: one of its subclasses, see toolchain.errors.  ParityError comes after
            report.json is written.  A limit of the budget that does not hold is in the report;
            `require_budget` makes an error of it.
    """
    board = board_of(config)
    require_checkable(config.budget, board, has_data=config.data is not None)
    require_engine_tools(config, board)
    with open_workshop(_folder(config, board, out), observer or SilentObserver(), force=force) as shop:
        optimised, model = int8_model(config, shop)
        # First, so that a board on the desk is left with the firmware that is meant.
        earlier = earlier_points(config, board, optimised, shop) if optimised else ()
        built = _build(config, board, optimised, model, shop)
        given = held_out(config, built.program)
        oracle = oracle_outputs(
            built.model, given.inputs, state_reset_of(built.program, config.measure.reset_state), shop
        )
        others = run_other_engines(config, board, built.model, given.inputs, shop)
        measured = measure_stage(config, board, built.program, built.firmware, given.inputs, shop)
        report = _report(config, built, measured, oracle, given.labels, shop)
        ran = (built.firmware, measured, device_outputs(shop))
        report = replace(report, engines=side_by_side((config.engine.first, ran), others, oracle))
        score = _score(config, built.model, given, oracle)
        report = _with_points(report, config, built, earlier, score, shop)
        if report.parity.mismatched_bytes and board.is_simulated:
            report = replace(report, parity=_located(report.parity, given.inputs, oracle, config, shop))
        write_report(report, shop.folder / "report.json")
    if report.parity.mismatched_bytes:
        raise ParityError(
            f"{report.parity.mismatched_bytes} of {report.parity.compared_bytes} output bytes differ from "
            f"{report.parity.oracle}, first in {report.parity.first_diverging_layer or 'an unknown layer'}.",
            f"Please report it with {shop.folder / 'model.tflite'}; the figures are in report.json.",
        )
    require_same_bytes(report.engines, report.folder)
    return report


def build(
    config: DeployConfig,
    *,
    out: Path | None = None,
    force: bool = False,
    observer: Observer | None = None,
) -> Firmware:
    """The corridor up to the built firmware: no device is touched, an interpreter's arena estimated."""
    if len(config.engine.use) > 1:
        raise ConfigError(
            f"One engine is built at a time, and {len(config.engine.use)} are named: "
            f"{', '.join(config.engine.use)}.",
            "Name one with --engine, or `deploy` them.",
        )
    board = board_of(config)
    require_engine_tools(config, board, simulator=False)
    with open_workshop(_folder(config, board, out), observer or SilentObserver(), force=force) as shop:
        return _build(config, board, *int8_model(config, shop), shop, on_device=False).firmware


def _folder(config: DeployConfig, board: Board, out: Path | None) -> Path:
    return (out or Path("out") / f"{config.name}-{board.id}").expanduser().resolve()


def _build(
    config: DeployConfig,
    board: Board,
    optimised: OptimisedModel | None,
    model: bytes,
    shop: Workshop,
    *,
    on_device: bool = True,
) -> Built:
    program = compile_project(config, board, model, shop, on_device=on_device)
    firmware = build_stage(config, board, shop)
    return Built(optimised, program, firmware, model)


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
        line=found_line(line_of(config), board_of(config)),
        log=shop.log,
        observer=shop.observer,
    )


# report ----------------------------------------------------------------------------------------------


def _report(
    config: DeployConfig,
    built: Built,
    measured: Measured,
    oracle: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.int64] | None,
    shop: Workshop,
) -> Report:
    device = device_outputs(shop)
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
            macs=built.program.model_macs,
            parameters=keras.parameters if keras else None,
            float_bytes=keras.file_bytes if keras else None,
            int8_bytes=len(built.model),
            int8_gzip_bytes=len(gzip.compress(built.model, mtime=0)),
        ),
        optimise=tuple(records),
        engine=config.engine.first,
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
        kernels=layer_kernels_of(built.program),
        removed=removed_channels_of(built.program),
        provenance=measured.provenance,
    )


def _score(config: DeployConfig, model: bytes, given: HeldOut, oracle: npt.NDArray[np.uint8]) -> Score | None:
    """The metric of the integer model on the held-out samples."""
    if given.samples is None:
        return None
    return score_of(config, read_graph(model, config.name), oracle, given.samples)


def _with_points(
    report: Report,
    config: DeployConfig,
    built: Built,
    earlier: tuple[Point, ...],
    score: Score | None,
    shop: Workshop,
) -> Report:
    """The report with what each step cost and bought, the other forms, and the budget's limits."""
    budget = check_budget(
        config.budget,
        flash_bytes=report.firmware.flash_bytes,
        ram_bytes=report.firmware.ram_bytes,
        timing=report.timing,
        score=score,
    )
    if built.optimised is None:
        return replace(report, budget=budget)
    cost = cost_of(config, built.model, score, target_cost(built.firmware, report.timing))
    return replace(
        report,
        points=(*earlier, point(built.optimised.points[-1], cost)),
        forms=other_forms(config, built.optimised, shop),
        budget=budget,
    )

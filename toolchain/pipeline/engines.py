"""The same model by other engines than the first, each built and run in a folder of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from toolchain.config import DeployConfig
from toolchain.errors import DoesNotFitError, ModelError, ParityError
from toolchain.measure.summarise import compare_outputs
from toolchain.pipeline.named_observer import NamedObserver
from toolchain.pipeline.on_board import Measured, build_stage, compile_project, measure_stage
from toolchain.simulate.oracle import oracle_name
from toolchain.stages import Workshop, write_whole
from toolchain.vocabulary.board import Board
from toolchain.vocabulary.engine import Engine
from toolchain.vocabulary.firmware import Firmware
from toolchain.vocabulary.report import EngineFigures, EngineResult

Ran = tuple[Firmware, Measured, npt.NDArray[np.uint8]]
"""A firmware, what running it told, and its output bytes, shape (samples, bytes)."""


def run_other_engines(
    config: DeployConfig, board: Board, model: bytes, inputs: npt.NDArray[np.uint8], shop: Workshop
) -> dict[Engine, Ran | str]:
    """What became of `inputs` under every engine but the first; why, where it cannot run the model here.

    Raises:
        ChipcastError: anything but a model that the engine does not take or that does not fit.
    """
    found: dict[Engine, Ran | str] = {}
    for engine in config.engine.use[1:]:
        own = config.model_copy(update={"engine": config.engine.only(engine)})
        folder = shop.folder / f"engine-{engine}"
        (folder / ".stages").mkdir(parents=True, exist_ok=True)
        write_whole(folder / "model.tflite", model)
        inner = Workshop(folder, NamedObserver(shop.observer, engine), shop.force)
        try:
            program = compile_project(own, board, model, inner)
            firmware = build_stage(own, board, inner)
        except (ModelError, DoesNotFitError) as exc:
            found[engine] = exc.problem
            continue
        measured = measure_stage(own, board, program, firmware, inputs, inner)
        found[engine] = (firmware, measured, device_outputs(inner))
    return found


def device_outputs(shop: Workshop) -> npt.NDArray[np.uint8]:
    """What the device gave in the shop's last measurement, shape (samples, bytes)."""
    return np.asarray(np.load(shop.stages / "device.npy", allow_pickle=False), np.uint8)


def side_by_side(
    first: tuple[Engine, Ran], others: dict[Engine, Ran | str], oracle: npt.NDArray[np.uint8]
) -> tuple[EngineResult, ...]:
    """All engines, the first one first; empty where there is no other."""
    if not others:
        return ()
    reference = first[1][2]
    return tuple(
        EngineResult(engine, None, ran)
        if isinstance(ran, str)
        else EngineResult(engine, _figures(ran, reference, oracle))
        for engine, ran in {first[0]: first[1], **others}.items()
    )


def _figures(ran: Ran, reference: npt.NDArray[np.uint8], oracle: npt.NDArray[np.uint8]) -> EngineFigures:
    firmware, measured, outputs = ran
    return EngineFigures(
        build_id=firmware.build_id,
        project=str(Path(firmware.project)),
        flash_bytes=firmware.flash_bytes,
        weights_bytes=firmware.weights_bytes,
        code_bytes=firmware.code_bytes,
        ram_bytes=firmware.ram_bytes,
        arena_bytes=firmware.arena_bytes,
        stack_bytes=measured.stack_bytes,
        timing=measured.timing,
        parity=compare_outputs(outputs, oracle, oracle_name()),
        compared_bytes=int(outputs.size),
        differing_bytes=int(np.count_nonzero(outputs != reference)),
    )


def require_same_bytes(engines: tuple[EngineResult, ...], folder: Path) -> None:
    """Raise where an engine's bytes are not the oracle's.

    Raises:
        ParityError: the first such engine, by name.
    """
    for result in engines:
        parity = result.figures.parity if result.figures else None
        if parity is not None and parity.mismatched_bytes:
            raise ParityError(
                f"Under the engine {result.engine}, {parity.mismatched_bytes} of {parity.compared_bytes} "
                f"output bytes differ from {parity.oracle}.",
                f"Please report it with {folder / 'model.tflite'}; the figures are in report.json.",
            )

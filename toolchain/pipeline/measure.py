"""Measuring a project that is built: data through the board, resumable; where it goes wrong, if it does."""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from toolchain.build import read_firmware, require_tools
from toolchain.config import MeasureConfig, MeasureSection, data_settings_from
from toolchain.errors import PortError
from toolchain.flash import FlashedBoard, flashed, running
from toolchain.load.held_out import HeldOut, held_out_inputs
from toolchain.load.project import ProjectFolder, open_project
from toolchain.measure.journal import Journal, open_journal
from toolchain.measure.release_build import require_release_build
from toolchain.measure.run_data_set import measurement_of, run_data_set
from toolchain.measure.state_reset import state_reset_of
from toolchain.measure.summarise import compare_outputs, compare_with_labels, summarise_timing
from toolchain.pipeline.board_line import BoardLine, found_line, line_of, opened_device
from toolchain.pipeline.data_hash import hash_data
from toolchain.pipeline.locate_divergence import locate_divergence
from toolchain.provenance import hash_array, hash_board, now, provenance_of
from toolchain.simulate.oracle import Oracle, oracle_name
from toolchain.stages import Observer
from toolchain.vocabulary.data_settings import DataSettings
from toolchain.vocabulary.firmware import Firmware
from toolchain.vocabulary.measurement import Measurement, Parity, StateReset
from toolchain.vocabulary.report import ProjectMeasurement


@dataclass(frozen=True, slots=True)
class MeasureOptions:
    """What `measure_project` can be told.

    `config`: how much is run, and the line to the board.  `inputs`, `labels`,
    `classes` and `scale` say of `data` what `[data]` in deploy.toml does.
    `journal`: where results are kept as they come (None: a file beside the project, removed once the run is
    complete).  `bisect`: look for the first diverging layer where bytes differ, with another firmware for
    which the board is flashed (None: where that costs nothing, on a simulated board).
    """

    config: MeasureConfig = field(default_factory=MeasureConfig)
    data: Path | None = None
    inputs: str | tuple[str, ...] | None = None
    labels: str | None = None
    classes: tuple[str, ...] = ()
    scale: float | None = None
    journal: Path | None = None
    allow_debug: bool = False
    bisect: bool | None = None

    @property
    def line(self) -> BoardLine:
        """The line to the board."""
        return line_of(self.config)

    @property
    def how_much(self) -> MeasureSection:
        """How much goes through the device."""
        return self.config.measure


@dataclass(frozen=True, slots=True)
class _Run:
    """What is measured, and what came of it."""

    measurement: Measurement
    port: str
    resumed_from: int
    started: str


def measure_project(path: Path, options: MeasureOptions, observer: Observer) -> ProjectMeasurement:
    """Run data through the firmware that is on the board now (or, simulated, is started for it).

    Raises:
        DebugBuildError: the firmware is no release build, and `allow_debug` was not given.
        DataError: the journal belongs to another run, or the data does not fit.
        StaleFirmwareError, DeviceError: the board runs something else, or the line failed.
    """
    begun = time.monotonic()
    observer.started("measure")
    project = open_project(path)
    firmware = read_firmware(project.folder, project.manifest.board)
    if not options.allow_debug:
        require_release_build(firmware, project.manifest.program.optimise_for)
    given = held_out_inputs(
        project.manifest.program,
        _data(options),
        samples=options.how_much.samples,
        random_samples=options.how_much.random_samples,
        seed=options.config.seed,
    )
    with _journal(project, firmware, given, options) as journal:
        run = _run(project, firmware, given, options, journal, observer)
    result = _result(project, firmware, given, options, run)
    observer.finished("measure", time.monotonic() - begun, from_cache=False)
    parity = result.parity
    if parity is not None and parity.mismatched_bytes and _may_bisect(project, options):
        result = replace(result, parity=_bisected(project, given, run, parity, options, observer))
    return result


def _data(options: MeasureOptions) -> DataSettings | None:
    """What the options say of the data."""
    if options.data is None:
        return None
    values = {
        "path": options.data,
        "inputs": options.inputs,
        "labels": options.labels,
        "classes": options.classes,
        "scale": options.scale,
    }
    return data_settings_from({key: value for key, value in values.items() if value is not None})


def default_result(path: Path) -> Path:
    """Where the result goes that was given no place: beside the project, in the output folder."""
    return open_project(path).folder.parent / "measurement.json"


def discard_default_journal(path: Path, options: MeasureOptions) -> None:
    """Remove the journal beside the project, once its result is kept elsewhere; one that was named stays."""
    if options.journal is None:
        for file in _default_folder(open_project(path)).glob("*.jsonl"):
            file.unlink(missing_ok=True)


# the run ---------------------------------------------------------------------------------------------


def _run(
    project: ProjectFolder,
    firmware: Firmware,
    given: HeldOut,
    options: MeasureOptions,
    journal: Journal,
    observer: Observer,
) -> _Run:
    """The data set through the device, or, where the journal is complete, out of it alone."""
    manifest, started, before = project.manifest, now(), len(journal.inferences)
    warm_up = options.how_much.warm_up
    reset = state_reset_of(manifest.program, options.how_much.reset_state)
    if journal.ending is not None:
        measurement = measurement_of(
            journal.inferences, journal.ending, len(given.inputs), warm_up=warm_up, state_reset=reset
        )
        return _Run(measurement, options.line.port or "journal", before, started)
    line = found_line(options.line, manifest.board, build_id=firmware.build_id)
    with (
        connected(project, line.port) as board,
        opened_device(board, manifest.board, line) as device,
    ):
        measurement = run_data_set(
            device,
            device.require_build(firmware.build_id),
            given.inputs,
            layers=manifest.program.layers,
            per_layer=manifest.per_layer_timing,
            progress=observer.progress,
            warm_up=warm_up,
            runs=options.how_much.runs,
            state_reset=reset,
            check_clock=manifest.board.timer.kind == "measured",
            journal=journal,
        )
        return _Run(measurement, board.url, before, started)


@contextlib.contextmanager
def connected(project: ProjectFolder, port: str | None) -> Iterator[FlashedBoard]:
    """The board as it stands; a simulated one that does not run yet is started, and ended afterwards.

    Raises:
        PortError: a board on the desk, and no port.
    """
    board = project.manifest.board
    if port is not None:
        yield FlashedBoard(url=port)
        return
    found = running(project.folder)
    if found is not None:
        yield found
    elif board.is_simulated:
        require_tools(board)
        with flashed(project.folder, board, log=_log(project)) as started:
            yield started
    else:
        raise PortError(
            f"No port was given for the board {board.id}.", "Add --port; `chipcast doctor` lists ports."
        )


# the journal -----------------------------------------------------------------------------------------


def _binding(
    project: ProjectFolder, firmware: Firmware, given: HeldOut, options: MeasureOptions
) -> dict[str, str | int | bool | None]:
    """Everything that results depend on: a journal of anything else is not gone on with."""
    return {
        "build_id": firmware.build_id,
        "model_sha256": firmware.model_sha256,
        "engine": project.manifest.engine,
        "board": project.manifest.board.id,
        "board_sha256": hash_board(project.manifest.board),
        "data_sha256": hash_array(given.inputs),
        "labels_sha256": None if given.labels is None else hash_array(given.labels),
        "samples": len(given.inputs),
        "runs": max(len(given.inputs), options.how_much.runs or 0),
        "warm_up": options.how_much.warm_up,
        "reset_state": state_reset_of(project.manifest.program, options.how_much.reset_state),
        "per_layer": project.manifest.per_layer_timing,
    }


@contextlib.contextmanager
def _journal(
    project: ProjectFolder, firmware: Firmware, given: HeldOut, options: MeasureOptions
) -> Iterator[Journal]:
    """The journal that was named, or the one beside the project, whose name is that of what it binds."""
    binding = _binding(project, firmware, given, options)
    path = options.journal
    if path is None:
        name = hashlib.sha256(repr(sorted(binding.items())).encode()).hexdigest()[:16]
        path = _default_folder(project) / f"{name}.jsonl"
    with open_journal(path, binding) as journal:
        yield journal


def _default_folder(project: ProjectFolder) -> Path:
    return project.folder / ".measure"


# the result ------------------------------------------------------------------------------------------


def _result(
    project: ProjectFolder, firmware: Firmware, given: HeldOut, options: MeasureOptions, run: _Run
) -> ProjectMeasurement:
    manifest, measurement = project.manifest, run.measurement
    oracle: npt.NDArray[np.uint8] | None = None
    if project.model is not None:
        oracle = _oracle_outputs(project.model, measurement, given)
    first = manifest.program.outputs[0]
    return ProjectMeasurement(
        board=manifest.board.id,
        engine=manifest.engine,
        identity=measurement.identity,
        firmware=firmware,
        timing=summarise_timing(measurement, manifest.board),
        stack_bytes=measurement.stack_bytes,
        accuracy=compare_with_labels(
            given.labels,
            first.dtype,
            host=None if oracle is None else oracle[:, : first.bytes],
            device=measurement.outputs[:, : first.bytes],
        ),
        parity=None if oracle is None else compare_outputs(measurement.outputs, oracle, oracle_name()),
        provenance=provenance_of(
            firmware,
            manifest.board,
            given.inputs,
            measurement,
            data=options.data,
            data_sha256=None if (settings := _data(options)) is None else hash_data(settings),
            seed=options.config.seed,
            port=run.port,
            started=run.started,
            resumed_from=run.resumed_from,
        ),
    )


def _oracle_outputs(model: Path, measurement: Measurement, given: HeldOut) -> npt.NDArray[np.uint8]:
    """TensorFlow Lite Micro's outputs on this computer, its state put back when the device's was."""
    each = measurement.state_reset is StateReset.EACH_SAMPLE
    return Oracle(model.read_bytes()).run(given.inputs, reset_each=each)


# where it goes wrong ---------------------------------------------------------------------------------


def _may_bisect(project: ProjectFolder, options: MeasureOptions) -> bool:
    """Another firmware is flashed for it: on a board on the desk only where that was asked for."""
    if options.bisect is not None:
        return options.bisect
    return project.manifest.board.is_simulated and options.line.port is None


def _bisected(
    project: ProjectFolder,
    given: HeldOut,
    run: _Run,
    parity: Parity,
    options: MeasureOptions,
    observer: Observer,
) -> Parity:
    assert project.model is not None
    oracle = _oracle_outputs(project.model, run.measurement, given)
    wrong = (run.measurement.outputs != oracle).any(axis=1)
    return locate_divergence(
        project,
        given.inputs,
        parity,
        int(np.argmax(wrong)),
        state_wanted=options.how_much.reset_state,
        line=found_line(options.line, project.manifest.board),
        log=_log(project),
        observer=observer,
    )


def _log(project: ProjectFolder) -> Path:
    return project.folder.parent / "chipcast.log"

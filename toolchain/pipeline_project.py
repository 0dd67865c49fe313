"""The last rooms of the corridor, entered with a project that is there already: build, flash, measure."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from toolchain.build import build_firmware, read_firmware, require_tools
from toolchain.errors import PortError
from toolchain.flash import FlashedBoard, flash_detached, flashed, running, stop
from toolchain.load.held_out import HeldOut, held_out_inputs
from toolchain.load.project import ProjectFolder, open_project
from toolchain.measure import Device
from toolchain.measure.run_data_set import run_data_set
from toolchain.measure.summarise import accuracy_of, compare_outputs, summarise_timing
from toolchain.simulate.oracle import Oracle, oracle_name
from toolchain.stages import Observer
from toolchain.vocabulary.firmware import Firmware
from toolchain.vocabulary.measurement import Accuracy, Identity, Measurement
from toolchain.vocabulary.project import MANIFEST_FILE
from toolchain.vocabulary.report import ProjectMeasurement

READY_SECONDS = 15.0


def is_project(path: Path) -> bool:
    """Whether `path` is a rendered project or holds one."""
    return any((folder / MANIFEST_FILE).is_file() for folder in (path, path / "project"))


def build_project(path: Path) -> Firmware:
    """Build the project at `path` with PlatformIO, as it stands."""
    project = open_project(path)
    require_tools(project.manifest.board, simulator=False)
    return build_firmware(project.folder, project.manifest.board, log=_log(project))


def flash_project(path: Path, *, port: str | None = None) -> tuple[FlashedBoard, Identity]:
    """Flash the built firmware and check over the line that it is the one that answers.

    A simulated board keeps running, for a bounded time, for a `measure` that comes later.

    Raises:
        StaleFirmwareError: another build answers.
    """
    project = open_project(path)
    board = project.manifest.board
    require_tools(board)
    firmware = read_firmware(project.folder, board)
    flashed_board = flash_detached(project.folder, board, log=_log(project), port=port)
    with Device.open(flashed_board.url, board.serial.baud) as device:
        flashed_board.release()
        device.wait_until_ready(READY_SECONDS)
        identity = device.require_build(firmware.build_id)
    return flashed_board, identity


def stop_project(path: Path) -> bool:
    """End the project's simulated board; False where none was running."""
    return stop(open_project(path).folder)


def measure_project(
    path: Path,
    *,
    data: Path | None = None,
    inputs: str | None = None,
    labels: str | None = None,
    samples: int | None = None,
    random_samples: int = 32,
    seed: int = 0,
    port: str | None = None,
    answer_seconds: float = 60.0,
    observer: Observer,
) -> ProjectMeasurement:
    """Run data through the firmware that is on the board now (or, simulated, is started for it)."""
    begun = time.monotonic()
    observer.started("measure")
    project = open_project(path)
    manifest = project.manifest
    firmware = read_firmware(project.folder, manifest.board)
    given = held_out_inputs(
        manifest.program,
        data,
        inputs=inputs,
        labels=labels,
        samples=samples,
        random_samples=random_samples,
        seed=seed,
    )
    with (
        _connected(project, port) as board,
        Device.open(board.url, manifest.board.serial.baud, answer_seconds=answer_seconds) as device,
    ):
        board.release()
        device.wait_until_ready(READY_SECONDS)
        identity = device.require_build(firmware.build_id)
        measurement = run_data_set(
            device,
            identity,
            given.inputs,
            layer_names=[(layer.name, layer.op) for layer in manifest.program.layers],
            per_layer=manifest.per_layer_timing,
            progress=observer.progress,
        )
    observer.finished("measure", time.monotonic() - begun, from_cache=False)
    return _result(project, firmware, given, measurement)


@contextlib.contextmanager
def _connected(project: ProjectFolder, port: str | None) -> Iterator[FlashedBoard]:
    """The board as it stands; a simulated one that does not run yet is started, and ended afterwards."""
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


def _result(
    project: ProjectFolder, firmware: Firmware, given: HeldOut, measurement: Measurement
) -> ProjectMeasurement:
    manifest = project.manifest
    first = manifest.program.outputs[0]
    oracle: npt.NDArray[np.uint8] | None = None
    if project.model is not None:
        oracle = Oracle(project.model.read_bytes()).run(given.inputs)
    labels = given.labels
    return ProjectMeasurement(
        board=manifest.board.id,
        engine=manifest.engine,
        identity=measurement.identity,
        firmware=firmware,
        timing=summarise_timing(measurement, manifest.board),
        stack_bytes=measurement.stack_bytes,
        accuracy=Accuracy(
            float_model=None,
            int8_host=None
            if labels is None or oracle is None
            else accuracy_of(oracle[:, : first.bytes], labels, first.dtype),
            device=None
            if labels is None
            else accuracy_of(measurement.outputs[:, : first.bytes], labels, first.dtype),
            samples=None if labels is None else len(labels),
        ),
        parity=None if oracle is None else compare_outputs(measurement.outputs, oracle, oracle_name()),
    )


def _log(project: ProjectFolder) -> Path:
    return project.folder.parent / "chipcast.log"

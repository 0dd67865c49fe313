"""Where a firmware leaves the oracle's way: the same project, built so that it tells any layer's tensors."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from toolchain.build import build_firmware
from toolchain.convert.read_tflite import read_graph
from toolchain.errors import BuildError, OracleError
from toolchain.flash import flashed
from toolchain.load.project import ProjectFolder
from toolchain.measure.diverging_layer import TensorFacts, find_diverging_layer
from toolchain.measure.state_reset import state_reset_of
from toolchain.pipeline.board_line import BoardLine, opened_device
from toolchain.simulate.oracle import Oracle
from toolchain.stages import Observer
from toolchain.vocabulary.measurement import Divergence, Parity, StateReset
from toolchain.vocabulary.settings import ResetState

TENSORS_FLAG = "-DCHIPCAST_TENSORS"
_BUILD_FLAGS = "build_flags ="
# Made by building and running, or not the project's own.
_LEFT_OUT = (".pio", ".simulator", ".measure", ".git", "__pycache__")


def locate_divergence(
    project: ProjectFolder,
    inputs: npt.NDArray[np.uint8],
    parity: Parity,
    sample: int,
    *,
    state_wanted: ResetState,
    line: BoardLine,
    log: Path,
    observer: Observer,
) -> Parity:
    """`parity` with the layer at fault for row `sample` of `inputs` (see `_divergence`), as a stage."""
    begun = time.monotonic()
    observer.started("bisect")
    found = _divergence(project, inputs, sample, state_wanted=state_wanted, line=line, log=log)
    observer.finished("bisect", time.monotonic() - begun, from_cache=False)
    if found is None:
        return parity
    return replace(parity, first_diverging_layer=f"{found.operator} {found.name}", divergence=found)


def _divergence(
    project: ProjectFolder,
    inputs: npt.NDArray[np.uint8],
    sample: int,
    *,
    state_wanted: ResetState,
    line: BoardLine,
    log: Path,
) -> Divergence | None:
    """The layer at fault; None where the firmware with dumps gives right bytes.

    A copy of the project, as it stands on the disk, is built with layer dumps and flashed; a simulated board
    runs beside the one that runs already.  A board on the desk keeps that firmware: flash the project again.

    Raises:
        BuildError, FlashError, DeviceError, OracleError: as their names say.
    """
    assert project.model is not None
    board, program = project.manifest.board, project.manifest.program
    model = project.model.read_bytes()
    goes_on = state_reset_of(program, state_wanted) is StateReset.NEVER
    before = inputs[:sample] if goes_on else inputs[:0]
    expected = _oracle_tensors(model, before, inputs[sample])
    graph = read_graph(model, project.folder.name)
    kept = {entry.tensor: entry for entry in program.kept}
    facts = {
        tensor.index: TensorFacts(tensor.name, tensor.dtype, tensor.shape, kept.get(tensor.index))
        for tensor in graph.tensors
    }
    with tempfile.TemporaryDirectory(prefix="chipcast-bisect-") as folder:
        copy = Path(folder) / project.folder.name
        copy_with_dumps(project.folder, copy)
        firmware = build_firmware(copy, board, log=log)
        with (
            flashed(copy, board, log=log, port=line.upload_port, number=line.usb_number) as running,
            opened_device(running.at(line.port), board, line, just_flashed=True) as device,
        ):
            device.require_build(firmware.build_id)

            def dump(layer: int) -> Sequence[bytes]:
                if program.state_bytes:
                    # What the layers before left in the variables is part of the inference.
                    device.reset_state()
                    for row in before:
                        device.infer(row.tobytes())
                return device.layer_outputs(layer, inputs[sample].tobytes())

            return find_diverging_layer(program, sample, dump, expected, facts)


def _oracle_tensors(
    model: bytes, before: npt.NDArray[np.uint8], row: npt.NDArray[np.uint8]
) -> Mapping[int, bytes]:
    """Every tensor of the inference on `row`, after those on the rows `before`."""
    oracle = Oracle(model)
    for earlier in before:
        oracle.tensors(earlier.tobytes())
    found = oracle.tensors(row.tobytes())
    if not found:
        raise OracleError("The oracle told no tensors of this model.", "Compare by hand.")
    return found


def copy_with_dumps(project: Path, copy: Path) -> None:
    """The project with one more build flag, whatever else was changed in it."""
    shutil.copytree(project, copy, ignore=shutil.ignore_patterns(*_LEFT_OUT))
    settings = copy / "platformio.ini"
    lines = settings.read_text(encoding="utf-8").splitlines()
    places = [number for number, line in enumerate(lines) if line.strip() == _BUILD_FLAGS]
    if len(places) != 1:
        raise BuildError(
            f"{project / 'platformio.ini'} has no line {_BUILD_FLAGS!r} to add dumps of layers to.",
            "Render the project again.",
        )
    if TENSORS_FLAG not in "\n".join(lines):
        lines.insert(places[0] + 1, f"    {TENSORS_FLAG}")
        settings.write_text("\n".join(lines) + "\n", encoding="utf-8")

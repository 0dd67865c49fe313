"""What a result is bound to: hashes, versions, the computer, the time."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from toolchain.stages import hash_file, version_of
from toolchain.vocabulary.board import Board
from toolchain.vocabulary.firmware import Firmware
from toolchain.vocabulary.measurement import Measurement
from toolchain.vocabulary.report import Provenance

_TOOLS = ("chipcast", "platformio", "scons", "tflite-micro", "numpy")


def provenance_of(
    firmware: Firmware,
    board: Board,
    inputs: npt.NDArray[np.uint8],
    measurement: Measurement,
    *,
    data: Path | None,
    data_sha256: str | None,
    seed: int,
    port: str,
    started: str,
    resumed_from: int = 0,
) -> Provenance:
    """What made `measurement`: `inputs` has shape (samples, input bytes), `started` is `now()` of then."""
    return Provenance(
        model_sha256=firmware.model_sha256,
        data=None if data is None else data.name,
        data_sha256=data_sha256,
        seed=seed if data is None else None,
        samples=len(inputs),
        inputs_sha256=hash_array(inputs),
        outputs_sha256=hash_array(measurement.outputs),
        build_id=firmware.build_id,
        elf_sha256=hash_file(firmware.elf),
        compiler=firmware.compiler,
        flags=firmware.flags,
        engine=firmware.engine,
        board=board.id,
        board_sha256=hash_board(board),
        clock_hz=board.clock_hz,
        timer_hz=measurement.identity.timer_hz,
        timer_kind=board.timer.kind,
        port=port,
        project=str(firmware.project),
        host=host_facts(),
        started=started,
        finished=now(),
        resumed_from=resumed_from,
        measured_timer_hz=measurement.timer_rate.hz if measurement.timer_rate else None,
        state_reset=measurement.state_reset,
        line_retries=measurement.retries,
        device_faults=measurement.faults,
    )


def host_facts() -> Mapping[str, str]:
    """The operating system, the machine, and the versions of the tools that took part; nothing is started."""
    system = os.uname()
    versions = {name: version or "not installed" for name, version in version_of(*_TOOLS).items()}
    return {
        "system": f"{system.sysname} {system.release}",
        "machine": system.machine,
        "python": platform.python_version(),
        **versions,
    }


def now() -> str:
    """The time as UTC, ISO 8601, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def hash_array(array: npt.NDArray[np.generic]) -> str:
    """SHA-256 of an array's values in memory order."""
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def hash_board(board: Board) -> str:
    """SHA-256 of a board's description."""
    return hashlib.sha256(board.model_dump_json().encode()).hexdigest()

"""The four MLPerf Tiny models: exact in every intermediate tensor, and within their arena."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.cortex_m4 import CORTEX_M4
from tests.host_runner import (
    HOST,
    HOST_AS_DSP,
    compile_model,
    differences,
    has,
    random_inputs,
    run_programs,
)
from toolchain.convert.check_int8 import require_fully_integer
from toolchain.convert.read_tflite import read_graph

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "mlperf_tiny"

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"the MLPerf Tiny models are not at {FOLDER}")

# name: (file, MACs, largest arena, output bytes of the repeatable input or their SHA-256)
MODELS = {
    "kws": ("kws_ref_model_int8", 2_656_768, 16_400, "8080808080808080809a8066"),
    "ic": ("ic_resnet8_int8", 12_501_632, 50_500, "8080828380807b808080"),
    "vww": ("vww_mobilenet_v1_025_96_int8", 7_489_664, 55_800, "7888"),
    "ad": (
        "ad_autoencoder_int8",
        264_192,
        1_400,
        "7f67a56045f734a0d5b7beb3f692ce1dedbf3b182b592c8abd50dcd3587eb47b",
    ),
}


SPEED_ARENA = {"kws": 20_500, "ic": 58_000, "vww": 64_000, "ad": 2_000}
DSP = HOST_AS_DSP.model_copy(update={"id": "dsp"})


def repeatable_input(count: int) -> npt.NDArray[np.uint8]:
    """A linear congruential generator's top bytes, from 12345 on."""
    x, row = 12345, []
    for _ in range(count):
        x = (x * 1664525 + 1013904223) % 2**32
        row.append(x >> 24)
    return np.array([row], np.uint8)


@pytest.mark.parametrize("name", MODELS)
def test_every_intermediate_tensor_is_the_oracles(name: str, tmp_path: Path) -> None:
    file, macs, arena, expected = MODELS[name]
    model = (FOLDER / f"{file}.tflite").read_bytes()
    require_fully_integer(read_graph(model, file))
    program = compile_model(model, name=file)
    assert program.model_macs == macs
    assert program.arena_bytes == program.arena_lower_bound_bytes <= arena
    inputs = np.concatenate(
        [repeatable_input(sum(port.bytes for port in program.inputs)), random_inputs(program, 200, seed=1)]
    )
    [results] = run_programs([program], [inputs], tmp_path, flags=("-O2",))
    output = results[0][1]
    assert (output.hex() if len(expected) < 64 else hashlib.sha256(output).hexdigest()) == expected
    assert differences(model, program, inputs, results) == []


@pytest.mark.simulator
@pytest.mark.skipif(
    not (has("arm-none-eabi-gcc") and has("qemu-system-arm")),
    reason="no arm-none-eabi-gcc or qemu-system-arm",
)
@pytest.mark.parametrize("name", MODELS)
def test_every_intermediate_tensor_is_the_oracles_on_a_cortex_m4(name: str, tmp_path: Path) -> None:
    model = (FOLDER / f"{MODELS[name][0]}.tflite").read_bytes()
    # With the portable kernels, and with those for the core.
    programs = [compile_model(model, board.id, name=name, board=board) for board in (HOST, DSP)]
    inputs = random_inputs(programs[0], 10, seed=2)
    results = run_programs(programs, [inputs, inputs], tmp_path, target=CORTEX_M4)
    for program, result in zip(programs, results, strict=True):
        assert differences(model, program, inputs, result) == []


@pytest.mark.parametrize("goal", ["speed", "ram", "size"])
@pytest.mark.parametrize("name", MODELS)
def test_kernels_for_cores_with_dsp_give_the_oracles_tensors(name: str, goal: str, tmp_path: Path) -> None:
    """Their instructions emulated; the arena, scratch and all, within the goal's bar."""
    file, _, arena, _ = MODELS[name]
    model = (FOLDER / f"{file}.tflite").read_bytes()
    program = compile_model(model, name=file, optimise_for=goal, board=DSP)
    assert program.arena_bytes == program.arena_lower_bound_bytes
    assert program.arena_bytes <= (SPEED_ARENA[name] if goal == "speed" else arena)
    inputs = random_inputs(program, 10, seed=3)
    [results] = run_programs([program], [inputs], tmp_path, flags=("-O2",))
    assert differences(model, program, inputs, results) == []


def test_all_real_keyword_inputs_give_the_oracles_outputs(tmp_path: Path) -> None:
    from toolchain.simulate.oracle import Oracle  # noqa: PLC0415

    file = FOLDER / "kws01_700.npz"
    if not file.is_file():
        pytest.skip(f"the keyword samples are not at {file}")
    with np.load(file) as archive:
        arrays = [archive[key] for key in archive.files]
    model = (FOLDER / "kws_ref_model_int8.tflite").read_bytes()
    program = compile_model(model)
    size = program.inputs[0].bytes
    samples = next(a for a in arrays if a.dtype == np.int8 and a.size % size == 0)
    inputs = np.ascontiguousarray(samples).view(np.uint8).reshape(-1, size)
    [results] = run_programs([program], [inputs], tmp_path, flags=("-O2",))
    expected = Oracle(model).run(inputs)
    assert b"".join(output for _, output in results) == expected.tobytes()

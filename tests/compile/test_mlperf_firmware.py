"""The MLPerf Tiny models as whole firmware: what each `optimise_for` holds, in flash, arena and stack."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from elftools.elf.elffile import ELFFile

from tests.host_runner import HOST, HOST_AS_DSP, compile_model
from toolchain.build import build_firmware
from toolchain.compile import compile_graph
from toolchain.convert.read_tflite import read_graph
from toolchain.load.board import load_board
from toolchain.render.project import render_project
from toolchain.stack_usage import HELPER_BYTES, model_stack_bytes
from toolchain.vocabulary.firmware import Firmware

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "mlperf_tiny"
BOARD = "sim_cortex_m4"

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"the MLPerf Tiny models are not at {FOLDER}")

Builder = Callable[[str], Firmware]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Builder]:
    """The keyword model's firmware for each goal, built once."""
    folder = tmp_path_factory.mktemp("kws")
    known: dict[str, Firmware] = {}

    def build(optimise_for: str) -> Firmware:
        if optimise_for not in known:
            board = load_board(BOARD)
            model = (FOLDER / "kws_ref_model_int8.tflite").read_bytes()
            program = compile_graph(
                read_graph(model, "kws"), board, prefix="model", optimise_for=optimise_for
            )
            render_project(program, board, model, folder / optimise_for)
            known[optimise_for] = build_firmware(folder / optimise_for, board, log=folder / "log")
        return known[optimise_for]

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHIPCAST_CORE_DIR", str(folder / "core"))
        yield build


def test_beside_the_weights_the_whole_firmware_takes_at_most_20_kilobytes(built: Builder) -> None:
    firmware = built("size")
    assert firmware.weights_bytes == 24_368
    assert firmware.flash_bytes - firmware.weights_bytes <= 20 * 1024


def test_the_goals_differ_in_flash_and_in_flags(built: Builder) -> None:
    flash = {goal: built(goal).flash_bytes for goal in ("size", "ram", "speed")}
    assert flash["size"] < flash["ram"] < flash["speed"]
    for goal, level in (("size", "-Os"), ("ram", "-O2"), ("speed", "-O3")):
        assert level in built(goal).flags


@pytest.mark.parametrize(
    ("file", "portable", "dsp"),
    [
        ("kws_ref_model_int8", 9_792, 8_400),
        ("ic_resnet8_int8", 33_440, 33_872),
        ("vww_mobilenet_v1_025_96_int8", 36_880, 41_888),
        ("ad_autoencoder_int8", 768, 1_024),
    ],
)
def test_for_ram_the_arena_is_the_lower_bound(file: str, portable: int, dsp: int) -> None:
    """With the portable kernels, and with those for cores with DSP, whose scratch is larger."""
    model = (FOLDER / f"{file}.tflite").read_bytes()
    for board, most in ((HOST, portable), (HOST_AS_DSP, dsp)):
        program = compile_model(model, optimise_for="ram", board=board)
        assert program.arena_bytes == program.arena_lower_bound_bytes <= most


@pytest.mark.parametrize("goal", ["size", "ram", "speed"])
def test_the_stack_is_bounded_for_every_goal(built: Builder, goal: str) -> None:
    firmware = built(goal)
    assert firmware.model_stack_bytes is not None
    # At least one kernel's own frame, and far from the 4 KB that boards reserve.
    assert HELPER_BYTES < firmware.model_stack_bytes <= 768


def test_a_function_without_a_bound_takes_the_figure_away(built: Builder, tmp_path: Path) -> None:
    firmware = built("size")
    build = firmware.elf.parent
    assert model_stack_bytes(firmware.project, build) == firmware.model_stack_bytes
    for su in build.glob("**/*.su"):
        copy = tmp_path / su.relative_to(build)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(su.read_text())
    assert model_stack_bytes(firmware.project, tmp_path) == firmware.model_stack_bytes
    [kernel] = tmp_path.glob("lib*/*/softmax_s8.su")
    text = kernel.read_text()
    kernel.write_text(text.replace("\tstatic", "\tdynamic"))
    assert model_stack_bytes(firmware.project, tmp_path) is None
    kernel.write_text(text.replace("\tstatic", "\tdynamic,bounded"))
    assert model_stack_bytes(firmware.project, tmp_path) == firmware.model_stack_bytes
    kernel.unlink()
    assert model_stack_bytes(firmware.project, tmp_path) is None


def test_helpers_of_the_libraries_stay_within_their_allowance(built: Builder) -> None:
    """Their frames stand in the ELF file's call-frame information."""
    firmware = built("size")
    with firmware.elf.open("rb") as file:
        elf: Any = ELFFile(file)
        names = {
            symbol["st_value"] & ~1: symbol.name
            for symbol in elf.get_section_by_name(".symtab").iter_symbols()
            if symbol["st_info"]["type"] == "STT_FUNC"
        }
        frames: dict[str, int] = {}
        for entry in elf.get_dwarf_info().CFI_entries():
            if "initial_location" not in entry.header:
                continue
            rows = entry.get_decoded().table
            depth = max((row["cfa"].offset for row in rows if row["cfa"].offset is not None), default=0)
            frames[names[entry["initial_location"] & ~1]] = depth
    assert 0 < frames["__udivmoddi4"] + frames["__aeabi_uldivmod"] <= HELPER_BYTES
    for helper in ("memset", "memcmp"):
        assert 0 < frames[helper] <= HELPER_BYTES

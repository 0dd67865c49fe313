"""An arena in two memories of a real (simulated) part: placed there by the linker, told by the device."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from elftools.elf.elffile import ELFFile

from tests.cli.test_main import chipcast
from tests.corridor.models import CLASSES, int8_classifier
from toolchain import paths
from toolchain.build import read_firmware
from toolchain.compile.compile_graph import FIRMWARE_BYTES
from toolchain.errors import BoardError, BuildError, DoesNotFitError
from toolchain.flash import flashed
from toolchain.load.board import load_board
from toolchain.measure.device import Device

SLOW = 0x2100_0000
"""Of mps2-an386: 16 MB of PSRAM (Application Note AN386, memory map)."""


def board_file(folder: Path, ram_bytes: int, *, slow_first: bool = False) -> Path:
    """sim_cortex_m4 with little RAM and a second memory behind it."""
    text = (paths.boards() / "sim_cortex_m4.toml").read_text()
    fast = f'name = "sram"\norigin = 0x2000_0000\nbytes = {ram_bytes}\nspeed = "no wait states"\n'
    slow = f'name = "psram"\norigin = {SLOW:#x}\nbytes = 16_777_216\nspeed = "external"\n'
    order = (slow, fast) if slow_first else (fast, slow)
    for old, new in {
        '"sim_cortex_m4"\nname': '"two_regions"\nname',
        "ram_bytes = 262_144": f"ram_bytes = {ram_bytes}",
        "[platformio]": "".join(f"[[memory.regions]]\n{region}\n" for region in order) + "[platformio]",
    }.items():
        assert old in text
        text = text.replace(old, new, 1)
    path = folder / "two_regions.toml"
    path.write_text(text)
    return path


def arena_symbols(elf: Path) -> dict[str, tuple[int, int]]:
    with elf.open("rb") as file:
        table: Any = ELFFile(file).get_section_by_name(".symtab")
        return {
            s.name.removeprefix("model_arena_"): (s["st_value"], s["st_size"])
            for s in table.iter_symbols()
            if s.name.startswith("model_arena_") and s["st_info"]["type"] == "STT_OBJECT"
        }


@pytest.mark.simulator
def test_an_arena_in_two_memories_is_exact_and_lies_where_the_board_file_has_them(tmp_path: Path) -> None:
    """40 filters: an arena of some 1,500 bytes, of which the main memory has room for 180."""
    (tmp_path / "model.tflite").write_bytes(int8_classifier(filters=40))
    ram_bytes = 4096 + FIRMWARE_BYTES + 250
    path = board_file(tmp_path, ram_bytes)
    out = tmp_path / "out"
    words = ("--board", path, "--out", out, "--per-layer", "--json")
    done = chipcast("deploy", tmp_path / "model.tflite", *words)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["parity"]["mismatched_bytes"] == 0
    sizes = {region["name"]: region["bytes"] for region in report["memory"]["regions"]}
    assert set(sizes) == {"sram", "psram"}
    assert report["firmware"]["arena_bytes"] == sum(sizes.values())
    assert {buffer["region"] for buffer in report["memory"]["buffers"]} == set(sizes)

    board = load_board(str(path))
    firmware = read_firmware(out / "project", board)
    assert firmware.arena_regions == sizes
    symbols = arena_symbols(firmware.elf)
    assert {name: size for name, (_, size) in symbols.items()} == sizes
    assert 0x2000_0000 <= symbols["sram"][0] <= 0x2000_0000 + ram_bytes - sizes["sram"]
    assert symbols["psram"][0] == SLOW
    # What the planner leaves to the firmware is enough for it.
    ports = 36 + CLASSES
    rest = firmware.ram_bytes - sum(sizes.values()) - board.memory.stack_bytes - ports
    assert 0 < rest <= FIRMWARE_BYTES

    with (
        flashed(out / "project", board, log=tmp_path / "log") as running,
        Device.open(running.url, board.serial.baud) as device,
    ):
        running.release()
        assert device.identify().arena_regions == sizes
        used = device.memory()
    assert used.arena_bytes == sum(used.arena_regions.values())
    assert set(used.arena_regions) == set(sizes)

    # An ELF file whose arena lies elsewhere than the board file says is no build of this board.
    moved = board.model_copy(update={"memory": load_board(str(moved_file(tmp_path, path))).memory})
    with pytest.raises(BuildError, match=r"part for psram lies at 0x21000000, outside"):
        read_firmware(out / "project", moved)


def moved_file(folder: Path, path: Path) -> Path:
    """The same board, its second memory at the next megabyte."""
    (folder / "moved").mkdir()
    target = folder / "moved" / path.name
    target.write_text(path.read_text().replace(f"{SLOW:#x}", f"{SLOW + 0x10_0000:#x}"))
    return target


@pytest.mark.simulator
def test_the_best_memory_need_not_be_the_one_with_the_stack(tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(int8_classifier())
    path = board_file(tmp_path, 16_384, slow_first=True)
    done = chipcast("deploy", tmp_path / "model.tflite", "--board", path, "--out", tmp_path / "out", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["parity"]["mismatched_bytes"] == 0
    assert [region["name"] for region in report["memory"]["regions"]] == ["psram"]


def test_what_fits_in_no_memory_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(int8_classifier(filters=40))
    text = board_file(tmp_path, 8_192).read_text().replace("16_777_216", "512")
    (tmp_path / "two_regions.toml").write_text(text.replace("8192", "7000"))
    words = ("--board", tmp_path / "two_regions.toml", "--out", tmp_path / "out")
    done = chipcast("deploy", tmp_path / "model.tflite", *words)
    assert done.returncode == DoesNotFitError.exit_code
    assert "of sram, the 512 of psram together" in " ".join(done.stderr.split())
    assert not (tmp_path / "out" / "project").exists()


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (f"origin = {SLOW:#x}", "origin = 0x2000_0100", "the regions sram and psram overlap"),
        ('name = "psram"', 'name = "sram"', "two regions have one name"),
        ("ram_bytes = 8192", "ram_bytes = 8000", "none of the regions is the one of ram_origin"),
        ('speed = "external"', "", "lacks the key memory.regions.1.speed"),
        ("bytes = 16_777_216", "bytes = 0", "wrong at memory.regions.1.bytes"),
        (f"origin = {SLOW:#x}", "origin = 0xFFFF_FF00", "region psram reaches beyond"),
    ],
)
def test_regions_that_cannot_be_are_named(tmp_path: Path, old: str, new: str, fault: str) -> None:
    path = board_file(tmp_path, 8192)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(BoardError, match=fault):
        load_board(str(path))

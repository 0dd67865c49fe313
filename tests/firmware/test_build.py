"""Building with the real PlatformIO and compiler: sizes, build ids, and every way it can go wrong."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.firmware import tiny_model
from tests.firmware.conftest import render
from toolchain import process
from toolchain.build import build_firmware, compiler_version, predict_fit, read_firmware, require_tools
from toolchain.errors import BuildError, DoesNotFitError, MissingCompilerError
from toolchain.load.board import load_board
from toolchain.vocabulary.board import Board
from toolchain.vocabulary.firmware import Firmware

SIM = "sim_cortex_m4"


@pytest.fixture
def board() -> Board:
    return load_board(SIM)


@pytest.fixture
def copy(built: Callable[[str], tuple[Board, Firmware]], tmp_path: Path) -> Path:
    """A project of one's own, built already."""
    return Path(shutil.copytree(built(SIM)[1].project, tmp_path / "copy", symlinks=True))


def test_sizes_come_from_the_elf_file(built: Callable[[str], tuple[Board, Firmware]], tmp_path: Path) -> None:
    board, firmware = built(SIM)
    assert (firmware.weights_bytes, firmware.tables_bytes, firmware.arena_bytes) == (100, 20, 1024)
    assert firmware.code_bytes == firmware.flash_bytes - 120
    # What is programmed, by the compiler's own tool.
    image = tmp_path / "image"
    done = process.run(
        ["arm-none-eabi-objcopy", "-O", "binary", firmware.elf, image], timeout=60
    )  # fmt: skip
    assert done.exit_code == 0
    assert firmware.flash_bytes == image.stat().st_size
    ports = tiny_model.INPUT_BYTES + tiny_model.OUTPUT_BYTES
    minimum = board.memory.stack_bytes + 1024 + ports
    assert minimum < firmware.ram_bytes < minimum + 2048
    # The firmware beside the model: a part with 32 KB of flash has room for a model.
    assert firmware.code_bytes < 10 * 1024
    assert firmware.compiler == compiler_version(board)
    assert {"-Os", "-mcpu=cortex-m4", "-ffp-contract=off"} <= set(firmware.flags)


def test_host_firmware_has_sizes_too(built: Callable[[str], tuple[Board, Firmware]]) -> None:
    _, firmware = built("host")
    assert (firmware.weights_bytes, firmware.tables_bytes, firmware.arena_bytes) == (100, 20, 1024)
    assert firmware.flash_bytes > 4096
    assert firmware.ram_bytes > 1024


@pytest.mark.parametrize("name", ["host", SIM])
def test_the_same_bytes_from_another_folder(
    built: Callable[[str], tuple[Board, Firmware]], tmp_path: Path, name: str
) -> None:
    board, firmware = built(name)
    folder = render(tmp_path / "elsewhere, with a longer name" / board.id, board)
    again = build_firmware(folder, board, log=tmp_path / "log")
    assert again.build_id == firmware.build_id
    assert again.elf.read_bytes() == firmware.elf.read_bytes()


def test_an_edit_changes_the_build_id_and_taking_it_back_restores_it(
    copy: Path, board: Board, tmp_path: Path
) -> None:
    original = build_firmware(copy, board, log=tmp_path / "log")
    header = copy / "src" / "inference.h"
    text = header.read_text()
    header.write_text(text + "/* edited */\n")
    edited = build_firmware(copy, board, log=tmp_path / "log")
    header.write_text(text)
    restored = build_firmware(copy, board, log=tmp_path / "log")
    assert original.build_id == restored.build_id != edited.build_id


def test_a_flag_changes_the_build_id(copy: Path, board: Board, tmp_path: Path) -> None:
    before = read_firmware(copy, board)
    settings = copy / "platformio.ini"
    settings.write_text(settings.read_text().replace("-Os", "-Os -DSOMETHING"))
    after = build_firmware(copy, board, log=tmp_path / "log")
    assert after.build_id != before.build_id
    assert "-DSOMETHING" in after.flags


def test_times_of_files_do_not_matter(copy: Path, board: Board, tmp_path: Path) -> None:
    before = read_firmware(copy, board)
    for path in (copy / "src").rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    assert build_firmware(copy, board, log=tmp_path / "log").build_id == before.build_id


def test_rendering_the_same_again_compiles_nothing(copy: Path, board: Board, tmp_path: Path) -> None:
    build_firmware(copy, board, log=tmp_path / "first")
    render(copy, board)
    build_firmware(copy, board, log=tmp_path / "second")
    assert "Compiling" not in (tmp_path / "second").read_text()


def test_a_missing_compiler_is_told_at_once(
    copy: Path, board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for action in (lambda: require_tools(board), lambda: build_firmware(copy, board, log=tmp_path / "log")):
        with pytest.raises(MissingCompilerError) as caught:
            action()
        assert "arm-none-eabi-gcc" in caught.value.problem
        assert "apt-get install gcc-arm-none-eabi" in caught.value.next_action
    assert not (tmp_path / "log").exists()


def test_a_compiler_without_its_library_is_told(
    board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiler = tmp_path / "arm-none-eabi-gcc"
    compiler.write_text("#!/bin/sh\necho nano.specs\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(MissingCompilerError, match="newlib"):
        require_tools(board)


def test_a_compile_error_is_the_compilers_first(copy: Path, board: Board, tmp_path: Path) -> None:
    (copy / "src" / "crc32.c").write_text("int broken(void) { return nothing; }\n")
    with pytest.raises(BuildError, match=r"src/crc32\.c:1:27: error: .nothing. undeclared"):
        build_firmware(copy, board, log=tmp_path / "log")
    assert "undeclared" in (tmp_path / "log").read_text()


def test_a_link_error_is_told(copy: Path, board: Board, tmp_path: Path) -> None:
    (copy / "src" / "crc32.c").write_text("int nothing_here;\n")
    with pytest.raises(BuildError, match="undefined reference to `crc32_update'"):
        build_firmware(copy, board, log=tmp_path / "log")


def small(board: Board, **memory: int) -> Board:
    return board.model_copy(update={"memory": board.memory.model_copy(update=memory)})


@pytest.mark.parametrize(("region", "memory"), [("flash_bytes", "flash"), ("ram_bytes", "RAM")])
def test_overflow_is_told_to_the_byte(
    built: Callable[[str], tuple[Board, Firmware]], tmp_path: Path, region: str, memory: str
) -> None:
    board, firmware = built(SIM)
    size = getattr(firmware, region) - 100
    tight = small(board, **{region: size})
    project = render(tmp_path / "tight", tight)
    # To the byte for RAM; the linker lays flash out with four bytes for its own alignment at most.
    with pytest.raises(DoesNotFitError) as caught:
        build_firmware(project, tight, log=tmp_path / "log")
    assert f"100 bytes too large for its {memory} of {size:,} bytes" in caught.value.problem


def test_it_fits_when_it_just_fits(built: Callable[[str], tuple[Board, Firmware]], tmp_path: Path) -> None:
    board, firmware = built(SIM)
    exact = small(board, flash_bytes=firmware.flash_bytes, ram_bytes=firmware.ram_bytes)
    again = build_firmware(render(tmp_path / "exact", exact), exact, log=tmp_path / "log")
    assert (again.flash_bytes, again.ram_bytes) == (firmware.flash_bytes, firmware.ram_bytes)


def test_what_cannot_fit_is_refused_before_the_build(board: Board) -> None:
    program = tiny_model.program(payload_bytes=1000, arena_bytes=5000)
    state = int(program.initial_state.nbytes)
    need = 5000 + 4096 + state + tiny_model.INPUT_BYTES + tiny_model.OUTPUT_BYTES
    predict_fit(program, small(board, flash_bytes=1000, ram_bytes=need))
    with pytest.raises(DoesNotFitError, match=r"1,000 bytes of flash, 1 more than the 999 there are\."):
        predict_fit(program, small(board, flash_bytes=999))
    with pytest.raises(DoesNotFitError, match=rf"{need:,} bytes of RAM, 8 more than"):
        predict_fit(program, small(board, ram_bytes=need - 8))
    predict_fit(program, load_board("host"))


def test_no_firmware_yet(tmp_path: Path, board: Board) -> None:
    with pytest.raises(BuildError, match="no built firmware"):
        read_firmware(render(tmp_path / "project", board), board)


def test_a_damaged_elf_file(copy: Path, board: Board) -> None:
    elf = copy / ".pio" / "build" / board.id / "firmware.elf"
    elf.write_bytes(elf.read_bytes()[:100])
    with pytest.raises(BuildError, match="cannot be read"):
        read_firmware(copy, board)
    elf.write_bytes(b"not ELF")
    with pytest.raises(BuildError, match="cannot be read"):
        read_firmware(copy, board)


def test_an_interrupted_rendering_is_not_built(tmp_path: Path, board: Board) -> None:
    project = render(tmp_path / "project", board)
    (project / ".chipcast-staging").mkdir()
    with pytest.raises(BuildError, match="interrupted"):
        build_firmware(project, board, log=tmp_path / "log")
    render(project, board)
    assert not (project / ".chipcast-staging").exists()


def test_two_builds_at_once_in_a_fresh_core_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHIPCAST_CORE_DIR", str(tmp_path / "core"))
    boards = [load_board("host"), load_board(SIM)]
    projects = [render(tmp_path / board.id / "project", board) for board in boards]
    with ThreadPoolExecutor(2) as executor:
        built = list(
            executor.map(lambda pair: build_firmware(pair[0], pair[1], log=tmp_path / pair[1].id / "log"),
                         zip(projects, boards, strict=True))
        )  # fmt: skip
    assert [firmware.board for firmware in built] == ["host", SIM]


def stranger(tmp_path: Path, project: Path, path: str) -> process.Completed:
    """`pio run` by someone who has PlatformIO and this folder, and nothing set."""
    clean = {"PATH": path, "HOME": str(tmp_path / "home"), "PLATFORMIO_CORE_DIR": str(tmp_path / "core")}
    (tmp_path / "home").mkdir(exist_ok=True)
    env = ["env", "-i", *(f"{name}={value}" for name, value in clean.items())]
    return process.run(
        [*map(str, env), sys.executable, "-m", "platformio", "run", "-d", project], timeout=120
    )


def test_a_stranger_builds_the_project_with_pio_run_alone(tmp_path: Path, board: Board) -> None:
    project = render(tmp_path / "project", board)
    done = stranger(tmp_path, project, "/usr/bin:/bin")
    assert done.exit_code == 0, done.stderr
    assert read_firmware(project, board).board == SIM


def test_a_stranger_without_a_compiler_is_told_at_once(tmp_path: Path, board: Board) -> None:
    project = render(tmp_path / "project", board)
    (tmp_path / "bin").mkdir()
    started = time.monotonic()
    done = stranger(tmp_path, project, str(tmp_path / "bin"))
    assert done.exit_code == 1
    assert time.monotonic() - started < 30
    assert "The compiler arm-none-eabi-gcc is not installed." in done.stderr
    assert "apt-get install gcc-arm-none-eabi" in done.stderr

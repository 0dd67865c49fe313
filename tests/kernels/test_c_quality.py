"""The kernels and the generated C: clean under every compiler at hand and under the sanitizers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.host_runner import (
    WARNINGS,
    compile_model,
    differences,
    has,
    random_inputs,
    run_programs,
)
from tests.random_networks import STEPS, random_network, single_operator_network
from toolchain import paths, process
from toolchain.render.model_source import render_model

KERNELS = sorted(path.stem for path in paths.kernels().glob("*.c"))
COMPILERS = {
    "gcc": ("gcc",),
    "clang": ("clang",),
    "Cortex-M4": ("arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb"),
    "Cortex-M0": ("arm-none-eabi-gcc", "-mcpu=cortex-m0", "-mthumb"),
}


def compile_only(command: tuple[str, ...], source: Path, target: Path) -> None:
    if not has(command[0]):
        pytest.skip(f"{command[0]} is not installed")
    stack = ["-fstack-usage"] if "gcc" in command[0] else []
    words: list[str | Path] = [
        *command,
        *WARNINGS,
        "-O2",
        *stack,
        f"-I{paths.kernels()}",
        "-c",
        "-o",
        target,
        source,
    ]
    done = process.run(words, timeout=60)
    assert done.exit_code == 0, done.tail(40)


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("kernel", KERNELS)
def test_kernels_compile_without_a_warning_and_with_a_small_stack(
    kernel: str, compiler: str, tmp_path: Path
) -> None:
    target = tmp_path / f"{kernel}.o"
    compile_only(COMPILERS[compiler], paths.kernels() / f"{kernel}.c", target)
    if "gcc" in COMPILERS[compiler][0]:
        limit = 256 if compiler.startswith("Cortex") else 512  # bytes; 64-bit pointers take more
        for line in target.with_suffix(".su").read_text().splitlines():
            _, size, kind = line.rsplit("\t", 2)
            assert int(size) <= limit, line
            assert kind == "static", line


@pytest.mark.parametrize("level", ["-Os", "-O3"])
def test_the_stack_is_bounded_at_every_level_that_firmware_is_built_with(level: str, tmp_path: Path) -> None:
    if not has("arm-none-eabi-gcc"):
        pytest.skip("arm-none-eabi-gcc is not installed")
    for kernel in KERNELS:
        words = [*COMPILERS["Cortex-M4"], level, "-fstack-usage", f"-I{paths.kernels()}", "-c", "-o"]
        target = tmp_path / f"{kernel}.o"
        done = process.run([*words, target, paths.kernels() / f"{kernel}.c"], timeout=60)
        assert done.exit_code == 0, done.tail(40)
        for line in target.with_suffix(".su").read_text().splitlines():
            _, size, kind = line.rsplit("\t", 2)
            assert kind == "static", line
            assert int(size) <= 512, line


@pytest.mark.parametrize("compiler", COMPILERS)
def test_generated_c_compiles_without_a_warning(compiler: str, tmp_path: Path) -> None:
    for seed in range(6):
        program = compile_model(random_network(seed, 8), name='odd "name" */ ??/ \\ \u00e9')
        for name, text in render_model(program).items():
            (tmp_path / name).write_text(text)
        compile_only(COMPILERS[compiler], tmp_path / "model_model.c", tmp_path / "model.o")


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_kernel_file_defines_one_function_named_after_it(kernel: str, tmp_path: Path) -> None:
    compile_only(("gcc",), paths.kernels() / f"{kernel}.c", tmp_path / "k.o")
    symbols = process.run(["nm", "-g", "--defined-only", tmp_path / "k.o"], timeout=20).stdout.split("\n")
    assert [line.split()[-1] for line in symbols if line] == [f"chipcast_{kernel}"]
    used = process.run(["nm", "-u", tmp_path / "k.o"], timeout=20).stdout.split()
    assert set(used) - {"U"} <= {"memcpy", "memset", "_GLOBAL_OFFSET_TABLE_"}


def test_a_generated_model_defines_only_symbols_with_its_prefix(tmp_path: Path) -> None:
    program = compile_model(random_network(3, 8), "zebra")
    for name, text in render_model(program).items():
        (tmp_path / name).write_text(text)
    compile_only(("gcc",), tmp_path / "zebra_model.c", tmp_path / "m.o")
    listing = process.run(["nm", "--defined-only", tmp_path / "m.o"], timeout=20).stdout
    names = [line.split()[-1] for line in listing.splitlines()]
    assert names
    assert all(name.startswith("zebra_") for name in names)
    constants = {f"zebra_{constant.symbol}" for constant in program.constants}
    assert constants <= set(names), "every constant is an object of its own, so that sizes can be read"


@pytest.mark.parametrize("name", STEPS)
def test_each_operator_gives_the_oracles_bytes(name: str, tmp_path: Path) -> None:
    models = [single_operator_network(name, seed=1000 * i) for i in range(12)]
    programs = [compile_model(model, f"m{i}") for i, model in enumerate(models)]
    inputs = [random_inputs(program, 6, i) for i, program in enumerate(programs)]
    for model, program, rows, results in zip(
        models, programs, inputs, run_programs(programs, inputs, tmp_path), strict=True
    ):
        assert differences(model, program, rows, results) == []


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_random_networks_are_clean_under_the_sanitizers(compiler: str, tmp_path: Path) -> None:
    if not has(compiler):
        pytest.skip(f"{compiler} is not installed")
    models = [random_network(seed, 8) for seed in range(60)]
    programs = [compile_model(model, f"m{seed}") for seed, model in enumerate(models)]
    inputs = [random_inputs(program, 3, seed) for seed, program in enumerate(programs)]
    flags = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    results = run_programs(programs, inputs, tmp_path, compiler=compiler, flags=flags)
    for model, program, rows, result in zip(models, programs, inputs, results, strict=True):
        assert differences(model, program, rows, result) == []


def test_kernels_use_no_heap_no_recursion_and_no_other_library() -> None:
    for path in [*paths.kernels().glob("*.c"), *paths.kernels().glob("*.h")]:
        text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
        includes = set(re.findall(r"#include <(.*?)>", text))
        assert includes <= {"stdint.h", "string.h", "stddef.h"}, path.name
        assert not re.search(r"\b(malloc|calloc|realloc|free|alloca)\b", text), path.name

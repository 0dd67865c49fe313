"""Compiles generated C with the host's compiler and runs it, every layer's outputs included.

Many models go into one program, so that a compiler is started once for a batch.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from toolchain import paths, process
from toolchain.compile import compile_graph
from toolchain.compile.passes.order import PASSES, GraphPass
from toolchain.convert.read_tflite import read_graph
from toolchain.render.model_source import render_model
from toolchain.simulate.interpreter import InProcessOracle
from toolchain.vocabulary.board import Board, Compiler, Memory, PlatformIO, Serial, Support, Timer
from toolchain.vocabulary.program import Program
from toolchain.vocabulary.settings import DEFAULT_OPTIMISE_FOR

WARNINGS = ("-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Werror")

HOST = Board(
    id="host",
    name="this computer",
    mcu="host",
    core="host",
    clock_hz=1_000_000_000,
    memory=Memory(flash_bytes=0, ram_bytes=0),
    platformio=PlatformIO(platform="chipcast", board="host"),
    compiler=Compiler(prefix=""),
    support=Support(startup="host", uart="host", timer="host"),
    serial=Serial(baud=115200),
    timer=Timer(hz=1_000_000_000, kind="host"),
)

# The same computer, for which kernels are chosen as for a core with DSP instructions: dsp.h emulates them.
HOST_AS_DSP = HOST.model_copy(update={"core_features": ["dsp"]})

# And as for cores that only multiply, without upper halves of products (Armv6-M) and with them.
HOST_AS_MUL32 = HOST.model_copy(update={"core_features": ["mul32"]})
HOST_AS_MUL64 = HOST.model_copy(update={"core_features": ["mul32", "mul64"]})

_MAIN = """
#include <stdio.h>
#include <string.h>
#include <stdint.h>

static FILE *given;
static FILE *made;
struct slice { int layer; const int8_t *place; int bytes; };
static const struct slice *slices;
static int slice_count;
void chipcast_layer_done(uint16_t layer);
void chipcast_layer_done(uint16_t layer)
{
    for (int i = 0; i < slice_count; ++i) {
        if (slices[i].layer == layer) {
            fwrite(slices[i].place, 1, (size_t)slices[i].bytes, made);
        }
    }
}
"""

_RUN = """
static void run_%(p)s(int runs)
{
    static uint8_t in[%(P)s_INPUT_BYTES], out[%(P)s_OUTPUT_BYTES];
    static const struct slice table[] = {%(slices)s};
    slices = table;
    slice_count = (int)(sizeof table / sizeof table[0]);
    %(p)s_reset();
    for (int i = 0; i < runs; ++i) {
        if (i == runs / 2) {
            %(p)s_reset();
        }
        if (fread(in, 1, sizeof in, given) != sizeof in || !%(p)s_aligned()) {
            return;
        }
%(spoil)s        %(p)s_set_input(in);
        %(p)s_run();
        %(p)s_get_output(out);
%(state)s        fwrite(out, 1, sizeof out, made);
    }
}
"""

_START = """
int main(void)
{
    given = fopen("in", "rb");
    made = fopen("out", "wb");
    if (given == NULL || made == NULL) {
        return 1;
    }
%s    return fclose(made);
}
"""


@dataclass(frozen=True)
class Target:
    """Where generated C runs: how it is compiled, what it is linked with, and what starts `run`."""

    compiler: str = "cc"
    flags: tuple[str, ...] = ("-O1",)
    link: tuple[str, ...] = ()
    start: tuple[str, ...] = ("./run",)


def compile_model(
    model: bytes,
    prefix: str = "model",
    name: str = "test",
    *,
    optimise_for: str = DEFAULT_OPTIMISE_FOR,
    flash_for_speed: int = 0,
    passes: Sequence[GraphPass] = PASSES,
    board: Board = HOST,
) -> Program:
    graph = read_graph(model, name)
    return compile_graph(
        graph,
        board,
        prefix=prefix,
        optimise_for=optimise_for,
        flash_for_speed=flash_for_speed,
        passes=passes,
    )


def run_programs(
    programs: Sequence[Program],
    inputs: Sequence[npt.NDArray[np.uint8]],
    folder: Path,
    *,
    compiler: str = "cc",
    flags: Sequence[str] = ("-O1",),
    model_flag: str | None = None,
    target: Target | None = None,
) -> list[list[tuple[dict[int, bytes], bytes]]]:
    """Per program and row of its inputs: every computed tensor by its index, and the output bytes.

    `model_flag` comes after `flags` for the generated code alone, which is but calls.  Variable tensors
    are as the row left them.  The program is reset before row `len(rows) // 2`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    text = ["#define CHIPCAST_PROFILE", _MAIN]
    for program in programs:
        for name, source in render_model(program).items():
            (folder / name).write_text(source)
        arenas = arena_arrays(program)
        table = ", ".join(f"{{{n}, {arenas[r]} + {o}, {b}}}" for n, _, r, o, b in _slices(program))
        text.append(f'#include "{program.prefix}_model.c"')
        names = {"p": program.prefix, "P": program.prefix.upper()}
        state = "".join(
            f"        fwrite({program.prefix}_state.bytes + {o}, 1, {b}, made);\n"
            for _, o, b in _variables(program)
        )
        spoil = "".join(f"        memset({a}, 0xA5, sizeof {a});\n" for a in arenas.values())
        text.append(_RUN % {**names, "slices": table, "state": state, "spoil": spoil})
    calls = "".join(f"    run_{p.prefix}({len(x)});\n" for p, x in zip(programs, inputs, strict=True))
    text.append(_START % calls)
    (folder / "main.c").write_text("\n".join(text))
    target = target or Target(compiler, tuple(flags))
    command = (target.compiler, *WARNINGS, *target.flags, f"-I{paths.kernels()}")
    kernels = sorted({kernel for program in programs for kernel in program.kernels})
    objects = [kernel_object(kernel, command) for kernel in kernels]
    optimise = [] if model_flag is None else [model_flag]
    sources: list[str | Path] = [folder / "main.c", *filter(None, objects), *target.link]
    built = process.run([*command, *optimise, f"-I{folder}", "-o", folder / "run", *sources], timeout=120)
    assert built.exit_code == 0, built.tail(40)
    (folder / "in").write_bytes(b"".join(x.tobytes() for x in inputs))
    ran = process.run(target.start, cwd=folder, timeout=250)
    assert ran.exit_code == 0, ran.tail(40)
    return _split(programs, inputs, (folder / "out").read_bytes())


@cache
def _objects_folder() -> tempfile.TemporaryDirectory[str]:
    folder = tempfile.TemporaryDirectory(prefix="chipcast-kernels-")
    atexit.register(folder.cleanup)
    return folder


@cache
def kernel_object(kernel: str, command: tuple[str, ...]) -> Path | None:
    """The kernel, compiled once by each command; None where it is a header alone."""
    source = paths.kernels() / f"{kernel}.c"
    if not source.is_file():
        return None
    name = f"{kernel}-{abs(hash(command)):x}.o"
    target = Path(_objects_folder().name) / name
    built = process.run([*command, "-c", "-o", target, source], timeout=120)
    assert built.exit_code == 0, built.tail(40)
    return target


def arena_arrays(program: Program) -> dict[str, str]:
    """The C arrays of the arena by the memory they lie in; one, by "", where there is but one memory."""
    if not program.regions:
        return {"": f"{program.prefix}_arena"}
    return {region.name: f"{program.prefix}_arena_{region.name}" for region in program.regions}


def _slices(program: Program) -> list[tuple[int, int, str, int, int]]:
    """(layer, tensor, region, offset, bytes) of everything a layer makes, in the order it is written."""
    where = {buffer.tensor: buffer for buffer in program.arena if buffer.tensor is not None}
    return [
        (layer.index, tensor, where[tensor].region, where[tensor].offset, where[tensor].bytes)
        for layer in program.layers
        for tensor in layer.output_tensors
        if tensor in where
    ]


def _variables(program: Program) -> list[tuple[int, int, int]]:
    """(tensor, offset in the state area, bytes) of every variable tensor."""
    return [(v.tensor, v.offset, v.bytes) for v in program.state if v.tensor is not None]


def _split(
    programs: Sequence[Program], inputs: Sequence[npt.NDArray[np.uint8]], data: bytes
) -> list[list[tuple[dict[int, bytes], bytes]]]:
    found, position = [], 0
    for program, rows in zip(programs, inputs, strict=True):
        results = []
        for _ in rows:
            tensors = {}
            sizes = [(tensor, size) for _, tensor, _, _, size in _slices(program)]
            sizes += [(tensor, size) for tensor, _, size in _variables(program)]
            for tensor, size in sizes:
                tensors[tensor] = data[position : position + size]
                position += size
            size = sum(port.bytes for port in program.outputs)
            results.append((tensors, data[position : position + size]))
            position += size
        found.append(results)
    assert position == len(data)
    return found


def random_inputs(program: Program, count: int, seed: int) -> npt.NDArray[np.uint8]:
    """Random bytes; float inputs are drawn around their range instead."""
    rng = np.random.default_rng(seed)
    parts = []
    for port in program.inputs:
        if port.dtype == "FLOAT32":
            values = rng.normal(0, 30, (count, port.bytes // 4)).astype(np.float32)
            parts.append(values.view(np.uint8).reshape(count, -1))
        else:
            parts.append(rng.integers(0, 256, (count, port.bytes), dtype=np.uint8))
    return np.concatenate(parts, axis=1)


def differences(
    model: bytes,
    program: Program,
    inputs: npt.NDArray[np.uint8],
    results: list[tuple[dict[int, bytes], bytes]],
) -> list[str]:
    """What differs from the oracle: nothing, if all is well.

    The program was reset in the middle; the oracle starts anew there, since its own reset does not run the
    initialiser of resource variables again.
    """
    half = len(inputs) // 2
    if program.state and half > 0:
        parts = (slice(half), slice(half, None))
        return [d for part in parts for d in _differences(model, program, inputs[part], results[part])]
    return _differences(model, program, inputs, results)


def _differences(
    model: bytes,
    program: Program,
    inputs: npt.NDArray[np.uint8],
    results: list[tuple[dict[int, bytes], bytes]],
) -> list[str]:
    """The same for rows without a reset among them."""
    oracle, found = InProcessOracle(model), []
    expected_outputs = oracle.run(inputs)
    makers = {tensor: layer for layer in program.layers for tensor in layer.output_tensors}
    for row, (tensors, output), expected in zip(inputs, results, expected_outputs, strict=True):
        reference = oracle.tensors(row.tobytes())
        reference.update({kept.tensor: kept.select(reference[kept.tensor]) for kept in program.kept})
        for tensor, made in tensors.items():
            if made != reference[tensor]:
                maker = f"{makers[tensor].operator} {makers[tensor].name}" if tensor in makers else "variable"
                found.append(f"{maker}: {_count(made, reference[tensor])}")
        if output != expected.tobytes():
            found.append(f"output: {_count(output, expected.tobytes())}")
    return found


def _count(a: bytes, b: bytes) -> str:
    if len(a) != len(b):
        return f"{len(a)} bytes instead of {len(b)}"
    return f"{sum(x != y for x, y in zip(a, b, strict=True))} of {len(a)} bytes differ"


def has(program: str) -> bool:
    return shutil.which(program) is not None

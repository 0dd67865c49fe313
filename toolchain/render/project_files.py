"""What a rendered project consists of: every file's content, before anything is written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import jinja2

from toolchain import paths
from toolchain.errors import BoardError
from toolchain.render.benchmark import personality
from toolchain.vocabulary.benchmark import BenchmarkId
from toolchain.vocabulary.board import Board
from toolchain.vocabulary.program import Program
from toolchain.vocabulary.settings import OPTIMISATION_FLAGS

_RUNNERS = {"platform/rp2040.cjs": "rp2040js", "platform/simavr_board.c": "simavr"}
_KERNEL_LIBRARY = "lib/chipcast_kernels"
_PLATFORM = "platform/"
_BUILD_ID = "platform/builder/build_id.py"
# Of the builder, what serves a platform of PlatformIO's, and not the one that travels.
_FOR_FRAMEWORKS = ("platform/builder/before_framework.py", "platform/builder/after_framework.py")
# Without an Arduino core of PlatformIO's, whose main calls the sketch, the firmware has its own main.
_FOR_SKETCHES = "include/sketch.h.j2"
_FOR_OWN_MAIN = "src/main.c"


def project_files(
    program: Program,
    board: Board,
    model_files: Mapping[str, str],
    *,
    per_layer_timing: bool = False,
    layer_tensors: bool = False,
    benchmark: BenchmarkId | None = None,
    arena_probe: bool = False,
) -> dict[str, bytes]:
    """The project's files by path relative to its folder.

    `model_files` is the generated model (name → text), which goes to src/.

    Raises:
        BoardError: the board names board support that does not exist.
        ConfigError: the model is not the benchmark's.
    """
    template_root = paths.firmware_templates() / "project"
    context = {
        "board": board,
        "program": program,
        # A model's name may hold anything; in the README it is one line of text.
        "title": " ".join(program.model_name.split())[:100],
        "engine": program.engine,
        "interpreted": program.interpreted,
        "src_flags": _source_flags(
            program, board, per_layer_timing=per_layer_timing, arena_probe=arena_probe
        ),
        "compiler": compiler_name(board),
        "optimisation": OPTIMISATION_FLAGS[program.optimise_for],
        # One that is wanted is not to be taken away again.
        "unflags": [
            flag for flag in board.compiler.unflags if flag != OPTIMISATION_FLAGS[program.optimise_for]
        ],
        "per_layer_timing": per_layer_timing,
        "layer_tensors": layer_tensors,
        "arena_probe": arena_probe,
        "mlperf": personality(program, benchmark),
    }
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(template_root),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    files: dict[str, bytes] = {}
    for path in sorted(template_root.rglob("*")):
        name = path.relative_to(template_root).as_posix()
        if not path.is_file() or "__pycache__" in path.parts or _is_for_other_boards(name, board):
            continue
        if path.suffix == ".j2":
            files[name.removesuffix(".j2")] = environment.get_template(name).render(context).encode()
        else:
            files[name] = path.read_bytes()
    if board.platformio.travels:
        files[f"platform/boards/{board.platformio.board}.json"] = _manifest(board, program)
    files.update({f"src/{name}": text.encode() for name, text in model_files.items()})
    files[".gitignore"] = b".pio/\n.simulator/\n"
    files.update(_support(board))
    if program.interpreted and board.support.linker_script:
        runtime = paths.firmware_templates() / "support" / "cxx_runtime.c"
        files[f"src/support/{runtime.name}"] = runtime.read_bytes()
    files.update(_kernels(program))
    return files


def _source_flags(program: Program, board: Board, *, per_layer_timing: bool, arena_probe: bool) -> list[str]:
    """The flags of what is in src/ alone: another one for all would have an interpreter compiled anew."""
    flags = ["-Os"] if board.platformio.travels else []
    if program.interpreted:
        flags += program.interpreted.library.defines
        flags += ["-DCHIPCAST_PROFILE"] if per_layer_timing else []
    return [*flags, "-DCHIPCAST_ARENA_PROBE"] if arena_probe else flags


def compiler_name(board: Board) -> str:
    """The C compiler's command."""
    return f"{board.compiler.prefix}gcc" if board.compiler.prefix else "cc"


def cxx_compiler_name(board: Board) -> str:
    """The C++ compiler's command."""
    return f"{board.compiler.prefix}g++" if board.compiler.prefix else "c++"


def _is_for_other_boards(name: str, board: Board) -> bool:
    """Whether it is a linker script that `board` does not have, what runs a simulator of another kind, or of
    the builder or the sources what its way of building leaves out."""
    if board.platformio.travels:
        if name in _FOR_FRAMEWORKS or name == _FOR_SKETCHES:
            return True
    elif name == _FOR_OWN_MAIN or (name.startswith(_PLATFORM) and name not in (*_FOR_FRAMEWORKS, _BUILD_ID)):
        return True
    if name in _RUNNERS:
        return board.simulator is None or board.simulator.kind != _RUNNERS[name]
    return name.startswith("platform/ldscripts/") and name != (
        f"platform/ldscripts/{board.support.linker_script}.j2"
    )


def _manifest(board: Board, program: Program) -> bytes:
    """The board as PlatformIO and the project's builder and simulator script read it."""
    build: dict[str, object] = {
        "mcu": board.mcu,
        # PlatformIO wants a number; 0 where the core's clock is not known.
        "f_cpu": f"{board.clock_hz or 0}L",
        "prefix": board.compiler.prefix,
        "compiler": compiler_name(board),
        "flags": list(board.compiler.flags),
    }
    if program.interpreted:
        build["cxx"] = cxx_compiler_name(board)
    if board.compiler.package:
        build["package"] = board.compiler.package
    if board.platformio.variant:
        build["arduino_variant"] = board.platformio.variant
        build["data_bytes"] = board.memory.ram_bytes - board.memory.stack_bytes
    if board.support.linker_script:
        build["ldscript"] = board.support.linker_script
    manifest: dict[str, object] = {
        "name": board.name,
        "vendor": "chipcast",
        "url": "",
        "build": build,
        # PlatformIO takes 0 for "not limited", and wants both.
        "upload": {
            "maximum_size": board.memory.flash_bytes,
            "maximum_ram_size": board.memory.ram_bytes,
        },
    }
    if board.simulator:
        simulator = board.simulator.model_dump(exclude_none=True)
        manifest["simulator"] = {**simulator, "clock_hz": board.clock_hz} if board.clock_hz else simulator
    return (json.dumps(manifest, indent=2) + "\n").encode()


def _support(board: Board) -> dict[str, bytes]:
    """The board's three drivers."""
    root = paths.firmware_templates() / "support"
    files = {}
    for kind in ("startup", "uart", "timer"):
        sources = {path.stem: path for path in sorted((root / kind).glob("*.c*"))}
        name = getattr(board.support, kind)
        source = sources.get(name)
        if source is None:
            known = ", ".join(sources)
            raise BoardError(
                f"The board {board.id} names the {kind} {name!r}, which does not exist.",
                f"Those that exist are: {known}.",
            )
        files[f"src/support/{kind}/{source.name}"] = source.read_bytes()
    script = board.support.linker_script
    if script and not (paths.firmware_templates() / "project/platform/ldscripts" / f"{script}.j2").is_file():
        raise BoardError(
            f"The board {board.id} names the linker script {script!r}, which does not exist.",
            "Use cortex_m.ld for any Cortex-M.",
        )
    return files


def _kernels(program: Program) -> dict[str, bytes]:
    """The kernels the program calls, with all headers (one may include another's)."""
    if not program.kernels:
        return {}
    root: Path = paths.kernels()
    sources = [root / f"{kernel}.c" for kernel in program.kernels]
    files = {
        f"{_KERNEL_LIBRARY}/{path.name}": path.read_bytes()
        for path in (*sources, *sorted(root.glob("*.h")))
        if path.is_file()  # a kernel may be a header alone
    }
    manifest = {"name": "chipcast_kernels", "version": "1.0.0"}
    files[f"{_KERNEL_LIBRARY}/library.json"] = (json.dumps(manifest) + "\n").encode()
    return files

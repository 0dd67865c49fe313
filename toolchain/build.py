"""Builds a rendered project with PlatformIO, and reads from the ELF file what came out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from elftools.common.exceptions import ELFError
from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from toolchain import installed, process
from toolchain.errors import BuildError, DoesNotFitError
from toolchain.pio import build_failure, run_platformio
from toolchain.stack_usage import model_stack_bytes
from toolchain.vocabulary.board import Board
from toolchain.vocabulary.engine import Engine
from toolchain.vocabulary.firmware import Firmware
from toolchain.vocabulary.program import Program
from toolchain.vocabulary.project import MODEL_ARRAY

WEIGHTS_PREFIX = "model_w_"
TABLES_PREFIX = "model_t_"
ARENA_SYMBOL = "model_arena"
REGION_SECTION_PREFIX = ".arena_"
BUILD_ID_SYMBOL = "chipcast_build_id"
MODEL_SHA256_SYMBOL = "model_sha256"
MODEL_ARRAY_SYMBOL = "g_model_data"
_BUILD_SECONDS = 600.0
_LIBRARY_BUILD_SECONDS = 3600.0
# Left by a writing that was interrupted (toolchain.render.write_folder).
_STAGING = ".chipcast-staging"


def require_tools(board: Board, *, simulator: bool = True, cxx: bool = False) -> None:
    """Check at once, before a long run, that the compiler and (with `simulator`) the simulator are there.

    With `cxx`, the compiler for C++ and its library too.

    Raises:
        MissingCompilerError, MissingSimulatorError: with the package that brings it.
    """
    if board.platformio.travels:
        installed.require_compiler(board)
        if cxx:
            installed.require_cxx(board)
    if simulator:
        installed.require_simulator(board)


def compiler_version(board: Board) -> str:
    """The first line of the compiler's `--version`; where PlatformIO brings it, the packages it has.

    Raises:
        MissingCompilerError: it is not installed.
    """
    if not board.platformio.travels:
        return installed.platformio_packages()
    done = process.run([installed.require_compiler(board), "--version"], timeout=20)
    return done.stdout.partition("\n")[0].strip()


def predict_fit(program: Program, board: Board, *, model_bytes: int = 0) -> None:
    """Refuse, before any file is written, a program whose data alone is too large for the board.

    What is counted is certain: constants in flash; arena, state, the copies of input and output that
    the firmware keeps, and the stack's reserve in RAM.  Code comes on top, so passing is no promise.
    `model_bytes` is the model file's size where the firmware holds it as it is.

    Raises:
        DoesNotFitError: by how many bytes, and in which memory.
    """
    state = 0 if program.interpreted else int(program.initial_state.nbytes)
    ports = sum(port.bytes for port in (*program.inputs, *program.outputs))
    main = board.memory.main_region
    arena = sum(r.bytes for r in program.regions if main and r.name == main.name)
    arena = arena if program.regions else program.arena_bytes
    needs = {
        "flash": (program.constant_bytes + model_bytes, board.memory.flash_bytes),
        "RAM": (arena + state + ports + board.memory.stack_bytes, board.memory.ram_bytes),
    }
    faults = [
        f"its data needs {need:,} bytes of {memory}, {need - limit:,} more than the {limit:,} there are"
        for memory, (need, limit) in needs.items()
        if limit and need > limit
    ]
    if faults:
        raise DoesNotFitError(
            f"The model {program.model_name} does not fit the board {board.id}: {' and '.join(faults)}.",
            "Use a smaller model, optimise it, or choose a board with more memory.",
        )


def build_firmware(project: Path, board: Board, *, log: Path, timeout: float | None = None) -> Firmware:
    """Build `project` with PlatformIO and read the result.  What PlatformIO prints goes to `log`.

    It may take `timeout` seconds; None: ten minutes, or an hour where an interpreter may have to be compiled.

    Raises:
        MissingCompilerError: checked before PlatformIO starts, where PlatformIO does not bring it itself.
        RegistryError: PlatformIO has not all packages and cannot download them.
        DoesNotFitError: the linker says by how many bytes.
        BuildError: the compiler's first error, or PlatformIO's.
    """
    require_tools(board, simulator=False)
    if (project / _STAGING).is_dir():
        raise BuildError(f"Writing the project {project} was interrupted.", "Render it again.")
    if timeout is None:
        interprets = (project / "src" / MODEL_ARRAY).is_file()
        timeout = _LIBRARY_BUILD_SECONDS if interprets else _BUILD_SECONDS
    done = run_platformio(project.absolute(), board, log=log, timeout=timeout)
    if done.exit_code != 0:
        raise build_failure(done, board, log)
    return read_firmware(project, board)


def read_firmware(project: Path, board: Board) -> Firmware:
    """The firmware that was built last in `project`.

    Raises:
        BuildError: there is none, or its files are damaged or belong to two builds.
    """
    folder = project.absolute() / ".pio" / "build" / board.id
    elf = folder / "firmware.elf"
    try:
        with elf.open("rb") as file:
            contents = _read_elf(file, board)
        facts = json.loads((folder / "chipcast_build.json").read_text("utf-8"))
        engine = contents.engine
        # An interpreter calls through pointers, so no bound can be read off.
        stack = model_stack_bytes(project.absolute(), folder) if engine == "aot" else None
        compiler, flags = str(facts["compiler"]), tuple(str(flag) for flag in facts["flags"])
    except FileNotFoundError as exc:
        raise BuildError(
            f"The project {project} has no built firmware for the board {board.id}.",
            "Build it first, with `chipcast build`.",
        ) from exc
    except (OSError, ELFError, ValueError, KeyError, TypeError) as exc:
        raise BuildError(f"The firmware {elf} cannot be read: {exc}.", "Build it again.") from exc
    if facts.get("build_id") != contents.build_id:
        raise BuildError(f"The firmware {elf} is older than its build's flags.", "Build it again.")
    return Firmware(
        project=project.absolute(),
        elf=elf,
        board=board.id,
        engine=engine,
        build_id=contents.build_id,
        model_sha256=contents.model_sha256,
        flash_bytes=contents.flash_bytes,
        ram_bytes=contents.ram_bytes,
        arena_bytes=contents.arena_bytes,
        arena_regions=contents.arena_regions,
        weights_bytes=contents.weights_bytes,
        tables_bytes=contents.tables_bytes,
        code_bytes=contents.flash_bytes - contents.weights_bytes - contents.tables_bytes,
        compiler=compiler,
        flags=flags,
        model_stack_bytes=stack,
    )


@dataclass(frozen=True, slots=True)
class _Contents:
    """Sizes in bytes, and the two hashes the firmware carries."""

    engine: Engine
    flash_bytes: int
    ram_bytes: int
    arena_bytes: int
    arena_regions: dict[str, int]
    weights_bytes: int
    tables_bytes: int
    build_id: str
    model_sha256: str


def _read_elf(file: IO[bytes], board: Board) -> _Contents:
    elf = ELFFile(file)
    objects = _objects(elf)
    flash_bytes, ram_bytes = _memory_use(elf, board)
    regions = _arena_regions(objects, board)
    model_array = objects.get(MODEL_ARRAY_SYMBOL, (0, 0))[1]
    weights = sum(size for name, (_, size) in objects.items() if name.startswith(WEIGHTS_PREFIX))
    return _Contents(
        engine="tflm" if model_array else "aot",
        flash_bytes=flash_bytes,
        ram_bytes=ram_bytes,
        arena_bytes=sum(regions.values()) if regions else objects.get(ARENA_SYMBOL, (0, 0))[1],
        arena_regions=regions,
        weights_bytes=weights + model_array,
        tables_bytes=sum(size for name, (_, size) in objects.items() if name.startswith(TABLES_PREFIX)),
        build_id=_hexadecimal_text(elf, objects, BUILD_ID_SYMBOL),
        model_sha256=_hexadecimal_text(elf, objects, MODEL_SHA256_SYMBOL),
    )


def _objects(elf: ELFFile) -> dict[str, tuple[int, int]]:
    """Address and size of every data object, by its symbol; static ones of functions are `name.N`."""
    table = elf.get_section_by_name(".symtab")
    if not isinstance(table, SymbolTableSection):
        raise ValueError("it has no symbol table")
    return {
        symbol.name: (int(symbol["st_value"]), int(symbol["st_size"]))
        for symbol in table.iter_symbols()
        if symbol["st_info"]["type"] == "STT_OBJECT" and symbol["st_size"]
    }


def _arena_regions(objects: dict[str, tuple[int, int]], board: Board) -> dict[str, int]:
    """The arena's bytes in each of the board's memories, each found to lie where the board file has it."""
    found = {}
    for region in board.memory.regions:
        address, size = objects.get(f"{ARENA_SYMBOL}_{region.name}", (0, 0))
        if not size:
            continue
        if not region.origin <= address <= region.origin + region.bytes - size:
            raise ValueError(f"the arena's part for {region.name} lies at {address:#010x}, outside of it")
        found[region.name] = size
    return found


def _memory_use(elf: ELFFile, board: Board) -> tuple[int, int]:
    """Bytes of flash and of RAM: for a microcontroller from each memory's start to the last byte used, so
    that gaps count, and what of the arena lies in further ones; for a computer, which has no such
    memories, and for a part that has them at several addresses, the sum of the sections."""
    sections = [section for section in elf.iter_sections() if section["sh_flags"] & SH_FLAGS.SHF_ALLOC]
    writable = [section for section in sections if section["sh_flags"] & SH_FLAGS.SHF_WRITE]
    if board.memory.scattered or not board.memory.flash_bytes:
        return (
            sum(int(section["sh_size"]) for section in sections if section["sh_type"] != "SHT_NOBITS"),
            sum(int(section["sh_size"]) for section in writable),
        )
    origin = board.memory.flash_origin
    flash_ends = [
        int(segment["p_paddr"] + segment["p_filesz"]) - origin
        for segment in elf.iter_segments("PT_LOAD")
        if segment["p_filesz"] and 0 <= segment["p_paddr"] - origin < board.memory.flash_bytes
    ]
    ram_ends = [
        int(section["sh_addr"] + section["sh_size"]) - board.memory.ram_origin
        for section in writable
        if section["sh_size"] and 0 <= section["sh_addr"] - board.memory.ram_origin < board.memory.ram_bytes
    ]
    others = sum(
        int(section["sh_size"]) for section in writable if section.name.startswith(REGION_SECTION_PREFIX)
    )
    # Without a linker script of chipcast's, the stack has no section of its own.
    stack = 0 if board.support.linker_script else board.memory.stack_bytes
    return max(flash_ends, default=0), max(ram_ends, default=0) + others + stack


def _hexadecimal_text(elf: ELFFile, objects: dict[str, tuple[int, int]], symbol: str) -> str:
    """The 64 hexadecimal digits that `symbol` holds."""
    if symbol not in objects:
        raise ValueError(f"it has no symbol {symbol}")
    address = objects[symbol][0]
    for section in elf.iter_sections():
        start = int(section["sh_addr"])
        if section["sh_type"] == "SHT_PROGBITS" and start <= address < start + int(section["sh_size"]):
            text = section.data()[address - start : address - start + 64].decode("ascii")
            if len(text) != 64 or set(text) - set("0123456789abcdef"):
                raise ValueError(f"{symbol} holds no SHA-256")
            return str(text)
    raise ValueError(f"{symbol} lies in no section")

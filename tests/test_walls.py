"""The corridor flows one way: a backward or sideways import fails here (docs/architecture.md)."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import toolchain

PACKAGE = Path(toolchain.__file__).parent
ROOMS = {"load", "optimise", "convert", "compile", "kernels", "render", "simulate", "measure", "report"}
ROOM_FILES = {"build", "flash"}
# What every room may import, besides itself.
COMMON = {
    "vocabulary",
    "errors",
    "paths",
    "process",
    "installed",
    "tensorflow_import",
    "network_file",
    "intervals",
    "user_code",
    "custom_objects",
}
# Where a driver needs what it drives.
ALLOWED = {
    "build": {"pio", "stack_usage"},
    "flash": {"pio", "simulate"},
    "pio": set(),
    "stack_usage": set(),
    "doctor": {"load"},
    "config": set(),
    "stages": set(),
    "provenance": {"stages"},
}
# The only modules that see two rooms, and the rooms above all others.
CORRIDOR = {"pipeline"}
TOP = {"cli", "hil", "__main__", "__init__"}
HEAVY = ("tensorflow", "tf_keras", "keras", "tensorflow_model_optimization", "sklearn")
TENSORFLOW_ROOMS = {"load", "optimise", "convert", "tensorflow_import"}
PRINTERS = {"cli"}


def home_of(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def python_files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def imports(file: Path) -> Iterator[tuple[str, int, bool]]:
    """Every imported module, its line, and whether it stands at the top of the module."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        at_top = any(node is child for child in tree.body)
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno, at_top
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno}: relative import"
            module = node.module or ""
            if module == "toolchain":
                for alias in node.names:
                    yield f"toolchain.{alias.name}", node.lineno, at_top
            else:
                yield module, node.lineno, at_top


def own_imports(file: Path) -> set[str]:
    found = set()
    for module, _, _ in imports(file):
        if module.startswith("toolchain."):
            found.add(module.split(".")[1])
    return found


@pytest.mark.parametrize("file", python_files(), ids=lambda file: str(file.relative_to(PACKAGE)))
def test_no_module_reaches_into_another_room(file: Path) -> None:
    home = home_of(file)
    if home in TOP | CORRIDOR:
        return
    reached = own_imports(file) - {home}
    if home == "vocabulary":
        assert reached == set(), f"{file} is the vocabulary and imports {reached}"
    else:
        assert reached <= COMMON | ALLOWED.get(home, set()), f"{file} imports {reached - COMMON}"


def test_every_room_is_known_here() -> None:
    known = ROOMS | ROOM_FILES | COMMON | TOP | CORRIDOR | set(ALLOWED)
    there = {home_of(file) for file in python_files()}
    assert there <= known, f"new rooms: {there - known}; say in this test what they may import"


def test_tensorflow_is_only_imported_inside_functions_of_three_rooms() -> None:
    for file in python_files():
        for module, line, at_top in imports(file):
            if module.split(".")[0] in HEAVY:
                assert home_of(file) in TENSORFLOW_ROOMS, f"{file}:{line}"
                assert not at_top, f"{file}:{line}: {module} is imported when the module is"


def test_only_the_command_line_prints_or_exits() -> None:
    for file in python_files():
        if home_of(file) in PRINTERS:
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                assert called not in {"print", "exit", "sys.exit", "os._exit"}, f"{file}:{node.lineno}"


def test_only_process_starts_programs() -> None:
    for file in python_files():
        if home_of(file) in {"process"}:
            continue
        for module, line, _ in imports(file):
            assert module != "subprocess", f"{file}:{line}"


def test_no_module_takes_a_name_of_the_standard_library() -> None:
    names = {file.stem for file in python_files()} - {"__init__", "__main__"}
    # Inside the package these would be found as toolchain.NAME only, but they still confuse a reader.
    assert names & set(sys.stdlib_module_names) <= {"build"}

"""The instructions of an ELF file, as objdump tells them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from toolchain import process

_FUNCTION = re.compile(r"^[0-9a-f]+ <(?P<name>[^>]+)>:$")
_LINE = re.compile(
    r"^ *(?P<address>[0-9a-f]+):\t(?P<code>[0-9a-f]{4}(?: [0-9a-f]{4})?) *\t(?P<name>\S+)(?:\t(?P<rest>.*))?$"
)
# `@` and `;` start comments, by the version of binutils.
_COMMENT = re.compile(r"\s*[@;].*$")


@dataclass(frozen=True, slots=True)
class Instruction:
    """`size` in bytes; `name` as the assembler spells it, without .w and .n; `operands` as it writes them."""

    address: int
    size: int
    name: str
    operands: str
    function: str


def disassemble(elf: Path) -> Mapping[int, Instruction]:
    """Every instruction of the code, by its address."""
    done = process.run(["arm-none-eabi-objdump", "-d", "-w", elf], timeout=120)
    assert done.exit_code == 0, done.tail()
    found, function = {}, ""
    for line in done.stdout.splitlines():
        if begin := _FUNCTION.match(line):
            function = begin["name"]
        elif match := _LINE.match(line):
            address = int(match["address"], 16)
            name = match["name"].removesuffix(".w").removesuffix(".n")
            operands = _COMMENT.sub("", match["rest"] or "")
            found[address] = Instruction(address, 2 * len(match["code"].split()), name, operands, function)
    return found


def call_target(instruction: Instruction) -> str | None:
    """The function that a branch with link, or a branch to the start of another function, goes to."""
    if instruction.name not in ("bl", "b", "blx"):
        return None
    target = re.search(r"<([^>+]+)>$", instruction.operands)
    found = target[1] if target else None
    # The linker reaches functions that are far away through a piece of its own.
    found = found and re.sub(r"^__(.+)_veneer$", r"\1", found)
    return None if found == instruction.function else found

"""What a simulated Cortex-M executed, instruction by instruction: `execution_counts.c` built and read."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from toolchain import process

_SOURCE = Path(__file__).with_name("execution_counts.c")
QEMU = "qemu-system-arm"


@dataclass(frozen=True, slots=True)
class Executions:
    """One instruction between two marks; the fields are those of execution_counts.c."""

    address: int
    count: int
    left: int
    entered: int
    unaligned: int


@dataclass(frozen=True, slots=True)
class Counter:
    """A QEMU that counts, and where it does: `folder` in front of PATH holds it under QEMU's own name."""

    folder: Path
    out: Path

    @property
    def path(self) -> str:
        return f"{self.folder}{os.pathsep}{os.environ['PATH']}"

    def sections(self) -> Iterator[tuple[int, tuple[Executions, ...]]]:
        """Every mark that was reached, with what was executed on the way to it from the one before."""
        executed: list[Executions] = []
        with self.out.open(encoding="ascii") as lines:
            for line in lines:
                first, *rest = line.split()
                if first == "mark":
                    yield int(rest[0], 16), tuple(executed)
                    executed = []
                else:
                    executed.append(Executions(int(first, 16), *map(int, rest)))


def counting_qemu(folder: Path, marks: Iterable[int]) -> Counter:
    """Build the plugin in `folder`, with a QEMU beside it that loads it and counts between `marks`."""
    folder.mkdir(parents=True, exist_ok=True)
    plugin, marks_file, out = folder / "counts.so", folder / "marks", folder / "counts"
    command = ["cc", "-std=c99", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
    built = process.run([*command, "-fvisibility=hidden", "-o", plugin, _SOURCE], timeout=60)
    assert built.exit_code == 0, built.tail()
    marks_file.write_text("".join(f"{mark:x}\n" for mark in marks), "ascii")
    qemu = shutil.which(QEMU)
    assert qemu is not None, f"{QEMU} is not installed"
    script = folder / QEMU
    script.write_text(f'#!/bin/sh\nexec "{qemu}" -plugin "file={plugin},marks={marks_file},out={out}" "$@"\n')
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return Counter(folder, out)


def total(sections: Sequence[Sequence[Executions]]) -> tuple[Executions, ...]:
    """The sections as one."""
    sums: dict[int, list[int]] = {}
    for executed in (e for section in sections for e in section):
        known = sums.setdefault(executed.address, [0, 0, 0, 0])
        for i, value in enumerate((executed.count, executed.left, executed.entered, executed.unaligned)):
            known[i] += value
    return tuple(Executions(address, *values) for address, values in sums.items())

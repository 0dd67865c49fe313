"""Cycles of executed instructions on a Cortex-M4, estimated from its manual.

Arm Cortex-M4 Processor Technical Reference Manual (Arm DDI 0439): table 3-1, "Cortex-M4 instruction set
summary", 3.3.3, "Load/store timings", and table 7-1 for the floating-point unit.  `MODEL` says in words what
is taken for granted; it has to stand wherever the figures do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tests.bench.disassembly import Instruction
from tests.bench.execution import Executions

MODEL = (
    "Estimated from the Cortex-M4 TRM's instruction timings (Arm DDI 0439, 3.3.1, 3.3.3, 7.2.3) over "
    "the instructions executed: memory without wait states; 1 cycle each, but single loads 2 (1 right "
    "after another single load that does not make their address), stores 1 (2 with a register offset, 1 "
    "right after a load), LDM/STM/PUSH/POP 1 + N, LDRD/STRD 3, taken branches 3 (pipeline refill P = 2; "
    "the TRM allows 1 to 3), loads of the PC 2 more, TBB/TBH 6, SDIV/UDIV 12 (the TRM: 2 to 12), "
    "VDIV/VSQRT 14, fused VMLA 3; unaligned half-words 1 more, unaligned words 1 or 2 more. A failed "
    "conditional instruction costs what it costs when it is executed. Not in it, but told apart: the "
    "stall of one cycle where an address is the result of the data-processing instruction right before. "
    "No cache, flash or bus contention."
)

REFILL = 2
_FLOAT_DIVIDE = 14
_CONDITIONS = "eq|ne|cs|hs|cc|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le"
_LOAD = re.compile(rf"ldr(?:b|h|sb|sh|ex|exb|exh)?t?(?:{_CONDITIONS})?$")
_STORE = re.compile(rf"str(?:b|h|ex|exb|exh)?t?(?:{_CONDITIONS})?$")
_PAIR = re.compile(rf"(?:ldrd|strd)(?:{_CONDITIONS})?$")
_MULTIPLE = re.compile(rf"v?(?:ldm|stm|push|pop)(?:ia|db|fd|ea|mia)?(?:{_CONDITIONS})?$")
_DIVISION = re.compile(rf"[su]div(?:{_CONDITIONS})?$")
_TABLE_BRANCH = re.compile(r"tb[bh]$")
_WITHOUT_RESULT = re.compile(
    rf"(?:cmp|cmn|tst|teq|it[te]*|nop|b|bl|bx|blx|cbz|cbnz|msr|cpsi[de]|[di]sb|dmb)(?:{_CONDITIONS})?$"
)
# A table branch is always left, which adds the refill.
_FIXED = ((_LOAD, 2), (_PAIR, 3), (_TABLE_BRANCH, 6 - REFILL), (_DIVISION, 12))
_REGISTER = re.compile(r"\b(r\d+|sl|fp|ip|sp|lr|pc)\b")
_ALIASES = {"sl": "r10", "fp": "r11", "ip": "r12", "sp": "r13", "lr": "r14", "pc": "r15"}


@dataclass(frozen=True, slots=True)
class Cycles:
    """`cycles` by MODEL; `address_stalls` are the cycles that may come on top."""

    instructions: int
    cycles: int
    address_stalls: int


def estimate(executions: Iterable[Executions], code: Mapping[int, Instruction]) -> Cycles:
    """What was executed, weighed."""
    instructions = cycles = stalls = 0
    ends = {instruction.address + instruction.size: instruction for instruction in code.values()}
    for executed in executions:
        instruction = code[executed.address]
        before = ends.get(executed.address)
        straight = executed.count - executed.entered
        instructions += executed.count
        cycles += executed.count * alone(instruction) + executed.left * _when_left(instruction)
        cycles += executed.unaligned
        if before is not None:
            cycles -= straight if is_pipelined(before, instruction) else 0
            stalls += straight if makes_address(before, instruction) else 0
    return Cycles(instructions, cycles, stalls)


def alone(instruction: Instruction) -> int:
    """Cycles of one execution, nothing before it, no branch taken."""
    name = instruction.name
    if _STORE.match(name):
        return 2 if _has_register_offset(instruction) else 1
    if _MULTIPLE.match(name):
        return 1 + _transferred(instruction)
    fixed = next((cycles for kind, cycles in _FIXED if kind.match(name)), None)
    if fixed is not None:
        return fixed
    return _float_cycles(instruction) if name.startswith("v") else 1


def _float_cycles(instruction: Instruction) -> int:
    stem = instruction.name.split(".")[0]
    if re.match(r"v(?:ldr|str)", stem):
        return 3 if re.match(r"d\d", instruction.operands) else 2
    if re.match(r"v(?:div|sqrt)", stem):
        return _FLOAT_DIVIDE
    if re.match(r"v(?:n?ml[as]|f)", stem):
        return 3
    # VMOV of two core registers.
    return 2 if stem == "vmov" and len(_REGISTER.findall(instruction.operands)) == 2 else 1


def _when_left(instruction: Instruction) -> int:
    """What is added when the next instruction is not the following one."""
    return REFILL + 1 if _LOAD.match(instruction.name) else REFILL


def is_single_load(instruction: Instruction) -> bool:
    """A load that the next load or store can be pipelined with."""
    return bool(_LOAD.match(instruction.name)) and _written(instruction) != "r15"


def is_pipelined(before: Instruction, instruction: Instruction) -> bool:
    """Whether the address phase of a load or store falls into the data phase of the load before."""
    takes_two = _LOAD.match(instruction.name) or (
        _STORE.match(instruction.name) and _has_register_offset(instruction)
    )
    if not takes_two or not is_single_load(before):
        return False
    return _written(before) not in _address_registers(instruction)


def makes_address(before: Instruction, instruction: Instruction) -> bool:
    """Whether an address hangs on the result of the data-processing instruction right before."""
    name = before.name
    if _LOAD.match(name) or _STORE.match(name) or _PAIR.match(name) or _MULTIPLE.match(name):
        return False
    if _WITHOUT_RESULT.match(name) or name.startswith("v"):
        return False
    return _written(before) in _address_registers(instruction)


def _registers(text: str) -> list[str]:
    return [_ALIASES.get(register, register) for register in _REGISTER.findall(text)]


def _written(instruction: Instruction) -> str | None:
    """The first operand, where it is a register."""
    return next(iter(_registers(instruction.operands.split(",")[0])), None)


def _address_registers(instruction: Instruction) -> list[str]:
    """What an access computes its address from; nothing for other instructions."""
    if _MULTIPLE.match(instruction.name):
        return _registers(instruction.operands.split("{")[0])
    if "[" not in instruction.operands:
        return []
    return _registers(instruction.operands.split("[")[1].split("]")[0])


def _has_register_offset(instruction: Instruction) -> bool:
    return len(_address_registers(instruction)) > 1


def _transferred(instruction: Instruction) -> int:
    """How many words an LDM, STM, PUSH, POP or its floating-point sibling moves."""
    words = 0
    for item in instruction.operands.split("{")[1].rstrip("}^ ").split(","):
        first, _, last = item.strip().partition("-")
        count = int(last[1:]) - int(first[1:]) + 1 if last else 1
        words += 2 * count if first.startswith("d") else count
    return words

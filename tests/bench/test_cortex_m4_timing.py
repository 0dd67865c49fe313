"""The timing model against loops that are weighed by hand, and the counts against QEMU."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.cortex_m4_timing import Cycles, alone, estimate
from tests.bench.disassembly import Instruction, disassemble
from tests.bench.execution import counting_qemu
from tests.host_runner import has
from toolchain import process

pytestmark = [
    pytest.mark.simulator,
    pytest.mark.skipif(
        not (has("arm-none-eabi-gcc") and has("qemu-system-arm")),
        reason="no arm-none-eabi-gcc or qemu-system-arm",
    ),
]

_PROGRAM = """
    .syntax unified
    .thumb
    .word 0x20008000, reset + 1
    .thumb_func
    .type reset, %%function
reset:
    ldr r0, =0xE000ED88    @ CPACR: the floating-point unit
    mov r1, #0xF00000
    str r1, [r0]
    dsb
    isb
    ldr r0, =0x20000000
    movs r1, #10
    movs r2, #0
    movs r3, #7
begin:
%s
end:
    nop
    movs r0, #0x18         @ SYS_EXIT, ADP_Stopped_ApplicationExit
    ldr r1, =0x20026
    bkpt 0xAB
"""


def run(code: str, folder: Path) -> Cycles:
    """What is executed from the first instruction of `code` to its end."""
    (folder / "code.S").write_text(_PROGRAM % code)
    built = process.run(
        [
            *("arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16", "-nostdlib"),
            *("-Ttext=0", "-Wl,-ereset,--build-id=none", "-o", folder / "code.elf", folder / "code.S"),
        ],
        timeout=60,
    )
    assert built.exit_code == 0, built.tail()
    symbols = process.run(["arm-none-eabi-nm", "--defined-only", folder / "code.elf"], timeout=60)
    addresses = {name: int(value, 16) & ~1 for value, _, name in map(str.split, symbols.stdout.splitlines())}
    counter = counting_qemu(folder / "counter", [addresses["begin"], addresses["end"]])
    ran = process.run(
        [
            *(counter.folder / "qemu-system-arm", "-M", "mps2-an386", "-nographic", "-monitor", "none"),
            *("-serial", "none", "-semihosting-config", "enable=on,target=native"),
            *("-kernel", folder / "code.elf"),
        ],
        timeout=60,
    )
    assert ran.exit_code == 0, ran.tail()
    # Marks inside a loop are reached again and again; everything up to `end` counts.
    executed = [e for _, section in counter.sections() for e in section]
    return estimate(executed, disassemble(folder / "code.elf"))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("1: subs r1, #1\n bne 1b", Cycles(20, 10 + 9 * 3 + 1, 0), id="loop"),
        pytest.param("ldr r4, [r0]\n adds r4, #1", Cycles(2, 3, 0), id="load"),
        pytest.param("ldr r4, [r0]\n ldr r5, [r0, #4]\n ldr r6, [r0, #8]", Cycles(3, 4, 0), id="loads"),
        pytest.param("ldr r4, [r0]\n mov r4, r0\n ldr r5, [r4]", Cycles(3, 5, 1), id="address"),
        pytest.param("str r0, [r0]\n ldr r4, [r0]\n ldr r5, [r4]", Cycles(3, 1 + 2 + 2, 0), id="chased"),
        pytest.param("str r1, [r0, r2]\n str r1, [r0, #4]", Cycles(2, 3, 0), id="stores"),
        pytest.param("ldr r4, [r0, r2]\n str r4, [r0, #20]", Cycles(2, 3, 0), id="load-store"),
        pytest.param("ldr r4, [r0, r2]\n str r1, [r0, r2]", Cycles(2, 3, 0), id="load-store-offset"),
        pytest.param("ldmia r0, {r4-r6, r8}\n ldr r4, [r0]", Cycles(2, 5 + 2, 0), id="multiple"),
        pytest.param("push {r4, lr}\n pop {r4, lr}", Cycles(2, 6, 0), id="push-pop"),
        pytest.param("ldrd r4, r5, [r0]\n strd r4, r5, [r0, #8]", Cycles(2, 6, 0), id="double"),
        pytest.param(
            "smlad r4, r4, r5, r6\n smlal r4, r5, r6, r7\n mla r4, r5, r6, r7", Cycles(3, 3, 0), id="mac"
        ),
        pytest.param("udiv r4, r1, r3", Cycles(1, 12, 0), id="divide"),
        pytest.param(
            "ldr r4, [r0, #1]\n ldr r5, [r0, #2]\n ldrh r6, [r0, #3]",
            Cycles(3, 4 + 2 + 1 + 1, 0),
            id="unaligned",
        ),
        pytest.param(
            "vldr s0, [r0]\n vmul.f32 s0, s0, s0\n vmla.f32 s1, s0, s0", Cycles(3, 2 + 1 + 3, 0), id="float"
        ),
        pytest.param(
            "vmov s0, s1, r1, r2\n vmov s0, r1\n vdiv.f32 s0, s0, s1", Cycles(3, 2 + 1 + 14, 0), id="vmov"
        ),
        pytest.param("vpush {d0-d1}\n vpop {s0-s3}", Cycles(2, 10, 0), id="float-stack"),
        pytest.param("bl 1f\n b 2f\n1: bx lr\n2: cbz r1, end", Cycles(4, 3 + 3 + 3 + 1, 0), id="calls"),
        pytest.param("cmp r2, #1\n ite eq\n moveq r4, #1\n movne r4, #2", Cycles(4, 4, 0), id="conditional"),
        # Ten turns: a pair of loads, two multiply-accumulates, the counter, the branch; then the store.
        pytest.param(
            "1: ldr r4, [r0], #4\n ldr r5, [r0, #40]\n smlad r6, r4, r5, r6\n smladx r7, r4, r5, r7\n"
            " subs r1, #1\n bne 1b\n str r6, [r0]",
            # The second load's address is not made by the first one's value.
            Cycles(61, 10 * (2 + 1 + 1 + 1 + 1) + 9 * 3 + 1 + 1, 0),
            id="dot-product",
        ),
    ],
)
def test_a_loop_takes_what_the_manual_says(code: str, expected: Cycles, tmp_path: Path) -> None:
    assert run(code, tmp_path) == expected


def test_an_entered_load_is_not_pipelined_with_the_one_above_it(tmp_path: Path) -> None:
    # b to 2: the load there runs once alone and once behind the other one.
    code = "b 2f\n1: ldr r4, [r0]\n2: ldr r5, [r0, #4]\n adds r2, #1\n cmp r2, #2\n bne 1b"
    assert run(code, tmp_path) == Cycles(10, 3 + 2 + (2 + 1) + 4 + 3 + 1, 0)


def test_an_instruction_across_two_pages_is_followed_by_the_next_one(tmp_path: Path) -> None:
    # QEMU has pages of 1 KB for Armv7-M; the wide instructions lie across some of their ends.
    code = ".rept 601\n nop\n.endr\n.rept 700\n mov.w r4, r3\n.endr"
    assert run(code, tmp_path) == Cycles(1301, 1301, 0)


@pytest.mark.parametrize(
    ("name", "operands", "cycles"),
    [
        ("ldrsb", "r3, [r0, #1]!", 2),
        ("ldrh", "r3, [r0, r1, lsl #1]", 2),
        ("strb", "r3, [r0], #1", 1),
        ("ldmia", "sp!, {r4, r5, r6, r7, r8, r9, sl, fp, pc}", 10),
        ("stmdb", "sp!, {r4, lr}", 3),
        ("vldmia", "r0!, {d0-d7}", 17),
        ("vstr", "d0, [sp, #8]", 3),
        ("sdivne", "r0, r1, r2", 12),
        ("vmov", "r0, r1, d0", 2),
        ("vfma.f32", "s0, s1, s2", 3),
        ("uxtb16", "r3, r4, ror #8", 1),
        ("tbb", "[pc, r3]", 4),
    ],
)
def test_one_execution(name: str, operands: str, cycles: int) -> None:
    assert alone(Instruction(0, 4, name, operands, "f")) == cycles

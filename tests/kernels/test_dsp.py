"""The DSP instructions and their portable twins in dsp.h: the same results for the same operands."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from tests.cortex_m4 import CORTEX_M4
from tests.host_runner import WARNINGS, Target, has
from toolchain import paths, process

UNARY = ("sxtb16", "sxtb16_ror8", "uxtb16", "uxtb16_ror8", "ssat16_8", "usat16_8", "ssat8", "usat8")
BINARY = (
    *("sxtab16", "sxtab16_ror8", "pkhbt", "pkhbt_lsl16", "pkhtb", "pkhtb_asr16"),
    *("uqsub8", "sadd16", "ssub16", "smuad", "smmul"),
)
TERNARY = ("smlad", "smlabb", "smlatt", "smlabt", "smlatb", "smlawb", "smlawt", "smmla", "smmlar")
OPERATIONS = (*UNARY, *BINARY, *TERNARY)
SIGNED = {
    "ssat8": 1,
    "usat8": 1,
    "smmul": 2,
    "smlawb": 1,
    "smlawt": 1,
    "smmla": 2,
    "smmlar": 2,
}  # how many operands are int32_t

EDGES = (
    0,
    1,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x7FFF7FFF,
    0x80008000,
    0x7FFFFFFF,
    0x80000000,
    2**32 - 1,
)


def operands() -> np.ndarray:
    """Every triple of edges, and random ones."""
    edges = np.stack(np.meshgrid(EDGES, EDGES, EDGES), axis=-1).reshape(-1, 3)
    random = np.random.default_rng(1).integers(0, 2**32, (4000, 3))
    return np.concatenate([edges, random]).astype(np.uint32)


def call(name: str) -> str:
    count = 1 if name in UNARY else 2 if name in BINARY else 3
    signed = SIGNED.get(name, 0)
    given = [f"(int32_t)x[{i}]" if i < signed or i == 2 else f"x[{i}]" for i in range(count)]
    return f"(uint32_t)chipcast_{name}({', '.join(given)})"


def run(folder: Path, target: Target) -> np.ndarray:
    """Results, a row a triple and a column an operation."""
    lines = "\n".join(f"        y[{i}] = {call(name)};" for i, name in enumerate(OPERATIONS))
    (folder / "main.c").write_text(f"""
#include <stdio.h>
#include "dsp.h"
int main(void)
{{
    FILE *given = fopen("in", "rb");
    FILE *made = fopen("out", "wb");
    uint32_t x[3], y[{len(OPERATIONS)}];
    while (given != NULL && made != NULL && fread(x, sizeof x, 1, given) == 1) {{
{lines}
        fwrite(y, sizeof y, 1, made);
    }}
    return made == NULL || fclose(made);
}}
""")
    (folder / "in").write_bytes(operands().tobytes())
    command = [target.compiler, *WARNINGS, *target.flags, f"-I{paths.kernels()}", "-o", "run", "main.c"]
    built = process.run([*command, *target.link], cwd=folder, timeout=120)
    assert built.exit_code == 0, built.tail(40)
    assert process.run(target.start, cwd=folder, timeout=120).exit_code == 0
    return np.frombuffer((folder / "out").read_bytes(), np.uint32).reshape(-1, len(OPERATIONS))


def test_some_results_are_what_the_architecture_manual_says(tmp_path: Path) -> None:
    def lanes(low: int, high: int) -> int:
        return (low & 0xFFFF) | (high & 0xFFFF) << 16

    found = run(tmp_path, Target())
    for x, row in zip(operands().tolist(), found.tolist(), strict=True):
        made = dict(zip(OPERATIONS, row, strict=True))
        low, high = (np.array([x], np.uint32).view(np.int16).reshape(3, 2).astype(int).T).tolist()
        signed = np.array(x, np.uint32).view(np.int32).astype(int).tolist()
        byte = np.array(x[:1], np.uint32).view(np.int8).astype(int).tolist()
        assert made["sxtb16"] == lanes(byte[0], byte[2])
        assert made["sxtb16_ror8"] == lanes(byte[1], byte[3])
        other = np.array(x[1:2], np.uint32).view(np.int8).astype(int).tolist()
        assert made["sxtab16"] == lanes(low[0] + other[0], high[0] + other[2])
        assert made["sxtab16_ror8"] == lanes(low[0] + other[1], high[0] + other[3])
        assert made["sadd16"] == lanes(low[0] + low[1], high[0] + high[1])
        assert made["ssub16"] == lanes(low[0] - low[1], high[0] - high[1])
        assert made["usat16_8"] == lanes(min(max(low[0], 0), 255), min(max(high[0], 0), 255))
        assert made["smlad"] == (low[0] * low[1] + high[0] * high[1] + x[2]) % 2**32
        assert made["smlabt"] == (low[0] * high[1] + x[2]) % 2**32
        assert made["smlatb"] == (high[0] * low[1] + x[2]) % 2**32
        assert made["smmul"] == (signed[0] * signed[1] >> 32) % 2**32
        assert made["smmla"] == (x[2] + (signed[0] * signed[1] >> 32)) % 2**32
        assert made["smmlar"] == (x[2] + (signed[0] * signed[1] + 2**31 >> 32)) % 2**32
        assert made["smlawb"] == (x[2] + (signed[0] * low[1] >> 16)) % 2**32
        assert made["smlawt"] == (x[2] + (signed[0] * high[1] >> 16)) % 2**32
        assert made["pkhbt_lsl16"] == lanes(low[0], low[1])
        assert made["pkhtb_asr16"] == lanes(high[1], high[0])


@pytest.mark.simulator
@pytest.mark.skipif(
    not (has("arm-none-eabi-gcc") and has("qemu-system-arm")),
    reason="no arm-none-eabi-gcc or qemu-system-arm",
)
def test_instructions_and_portable_c_agree(tmp_path: Path) -> None:
    for name in ("host", "core"):
        (tmp_path / name).mkdir()
    host, core = run(tmp_path / "host", Target()), run(tmp_path / "core", CORTEX_M4)
    differing = [name for i, name in enumerate(OPERATIONS) if (host[:, i] != core[:, i]).any()]
    assert differing == []


def test_every_operation_is_compared() -> None:
    text = (paths.kernels() / "dsp.h").read_text()
    portable = text[text.index("#else") :]
    helpers = {"low_lane", "high_lane", "lanes", "within", "wrapping_sum"}
    assert set(re.findall(r"chipcast_(\w+)\([^;]*?\)\n\{", portable)) - helpers == set(OPERATIONS)

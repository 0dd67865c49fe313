"""Engines side by side, as JSON and in a terminal."""

from __future__ import annotations

import io
import json

from rich.console import Console

from toolchain.report.engine_table import engines_as_dict, engines_as_text
from toolchain.vocabulary.measurement import Kind, Parity, Timing
from toolchain.vocabulary.report import EngineFigures, EngineResult


def figures(median: int, differing: int) -> EngineFigures:
    return EngineFigures(
        build_id="b" * 64,
        project="/somewhere/project",
        flash_bytes=121_204,
        weights_bytes=53_936,
        code_bytes=67_268,
        ram_bytes=29_616,
        arena_bytes=22_832,
        stack_bytes=None,
        timing=Timing(Kind.COUNTED, "instructions", 3, median - 1, median, median + 1),
        parity=Parity("tflite-micro", 480, differing),
        compared_bytes=480,
        differing_bytes=differing,
    )


ENGINES = (
    EngineResult("aot", figures(2_844_924, 0)),
    EngineResult("tflm", figures(7_848_370, 3)),
    EngineResult("[red]other", None, "it does not fit"),
)


def printed(engines: tuple[EngineResult, ...]) -> list[str]:
    console = Console(file=io.StringIO(), width=80, color_system=None)
    for part in engines_as_text(engines):
        console.print(part)
    assert isinstance(console.file, io.StringIO)
    return [" ".join(line.split()) for line in console.file.getvalue().splitlines()]


def test_one_column_an_engine_and_why_one_has_none() -> None:
    lines = printed(ENGINES)
    assert "instructions, median (counted) 2,844,924 7,848,370 –" in lines
    assert "bytes unlike the first engine's 0 3 –" in lines
    assert "stack, high-water mark – – –" in lines
    assert lines[-1] == "[red]other: it does not fit"
    assert printed(()) == []


def test_the_json_has_null_where_nothing_is_known() -> None:
    document = json.loads(json.dumps(engines_as_dict(ENGINES)))
    assert [entry["engine"] for entry in document] == ["aot", "tflm", "[red]other"]
    assert document[1]["figures"]["timing"] == {
        "kind": "counted",
        "unit": "instructions",
        "min": 7_848_369,
        "median": 7_848_370,
        "max": 7_848_371,
        "runs": 3,
    }
    assert document[1]["figures"]["parity"]["mismatched_bytes"] == 3
    assert (document[2]["figures"], document[2]["problem"]) == (None, "it does not fit")

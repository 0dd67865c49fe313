"""A measured row stands in its place in docs/recipes.md, and nothing else of the document moves."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
DOCUMENT = REPOSITORY / "docs" / "recipes.md"


@pytest.fixture(scope="module")
def script() -> Any:
    spec = importlib.util.spec_from_file_location(
        "measure_recipes", REPOSITORY / "examples" / "measure_recipes.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def report(mismatched: int = 0) -> dict[str, Any]:
    return {
        "parity": {"mismatched_bytes": mismatched},
        "accuracy": {"device": 0.5, "device_interval": [0.4, 0.6]},
        "optimise": [],
        "model": {"macs": 1234, "int8_bytes": 5, "int8_gzip_bytes": 4},
        "firmware": {"flash_bytes": 30000, "ram_bytes": 2000},
        "timing": {"median": 1e6},
    }


def test_a_row_takes_the_place_of_the_old_one(script: Any) -> None:
    before = DOCUMENT.read_text(encoding="utf-8")
    new = script.row("low rank", report())
    assert new == ("| low rank | 50.0% (40.0%…60.0%) | 1,234 | – | 5 | 4 | 30,000 | 2,000 | 1,000,000 |\n")
    after = script.with_row(before, "digits", "low rank", new)
    (old,) = [line for line in before.splitlines() if line.startswith("| low rank | ")][:1]
    assert after == before.replace(f"{old}\n", new, 1) != before


def test_a_row_that_was_not_there_comes_where_it_belongs(script: Any) -> None:
    before = f"a\n<!-- digits -->\n\n{script.HEAD}| low rank | 1 |\n\n<!-- end of digits -->\nb\n"
    after = script.with_row(before, "digits", "prune 60 %", "| prune 60 % | 2 |\n")
    assert after == before.replace("| low rank", "| prune 60 % | 2 |\n| low rank")


def test_bytes_that_differ_are_no_row(script: Any) -> None:
    with pytest.raises(RuntimeError, match="1 bytes differ"):
        script.row("low rank", report(mismatched=1))


def test_an_unknown_row_is_refused_with_those_there_are(
    script: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        script.main(["digits", "--only", "separable"])
    assert "no row separable; there are as it is, prune 60 %, channels 50 %" in capsys.readouterr().err

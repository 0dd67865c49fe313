"""docs/operators.md is what the rules say."""

from __future__ import annotations

from pathlib import Path

from toolchain.compile.operator_docs import operators_page
from toolchain.compile.operators.table import OPERATORS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "operators.md"


def test_the_page_is_what_would_be_generated() -> None:
    assert PAGE.read_text(encoding="utf-8") == operators_page(), "run `make docs`"


def test_every_operator_has_its_rules_on_the_page() -> None:
    page = operators_page()
    for name, support in OPERATORS.items():
        section = page.partition(f"### {name}\n")[2].partition("\n### ")[0]
        assert section.count("\n- ") >= len({rule.__doc__ for rule in support.rules}) > 0, name

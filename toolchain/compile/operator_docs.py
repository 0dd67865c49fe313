"""docs/operators.md, from the docstrings of the operators' modules and rules.

`python -m toolchain.compile.operator_docs FILE` (or `make docs`) writes it again.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path

from toolchain.compile import operators
from toolchain.compile.lowering import OperatorSupport
from toolchain.compile.operators.table import OPERATORS
from toolchain.compile.operators.without_reference import WITHOUT_REFERENCE
from toolchain.compile.passes.order import PASSES

_HEAD = """\
# Operators of the engine `aot`

<!-- Generated from the docstrings in toolchain/compile: `make docs` writes it again. -->

What is listed here gives, byte for byte, what TensorFlow Lite Micro gives. A layer that breaks one of its
operator's rules is refused before anything is written, with its name and the reason.
"""


def operators_page() -> str:
    """The whole page, Markdown."""
    return "\n".join([_HEAD, *_operators(), _without_reference(), _passes()])


def _operators() -> Iterator[str]:
    yield "## Supported\n\n" + ", ".join(f"[{name}](#{name.lower()})" for name in sorted(OPERATORS)) + "\n"
    modules = dict(_operator_modules())
    for name, support in sorted(OPERATORS.items()):
        rules = [f"- {one_line(rule.__doc__)}" for rule in support.rules]
        distinct = "\n".join(dict.fromkeys(rules))
        yield f"### {name}\n\n{modules[name]}\n\n{distinct}\n"


def _operator_modules() -> Iterator[tuple[str, str]]:
    """Every operator's name, with what its module says of it."""
    for found in pkgutil.iter_modules(operators.__path__):
        module = importlib.import_module(f"{operators.__name__}.{found.name}")
        for value in vars(module).values():
            if isinstance(value, OperatorSupport) and found.name != "table":
                yield value.name, one_line(module.__doc__)


def _without_reference() -> str:
    rows = "\n".join(f"- **{name}**: {one_line(why)}." for name, why in sorted(WITHOUT_REFERENCE.items()))
    return f"## Refused, because TensorFlow Lite Micro has no int8 form of them\n\n{rows}\n"


def _passes() -> str:
    rows = "\n".join(
        f"{number}. `{graph_pass.__name__}`: {one_line(sys.modules[graph_pass.__module__].__doc__)}"
        for number, graph_pass in enumerate(PASSES, start=1)
    )
    return (
        "## What happens to the graph first\n\n"
        f"In this order; no pass changes a byte of any output.\n\n{rows}\n"
    )


def one_line(docstring: str | None) -> str:
    """The docstring's first paragraph in one line.

    Raises:
        ValueError: there is none; a rule without words cannot be documented.
    """
    text = " ".join((docstring or "").strip().split("\n\n")[0].split())
    if not text:
        raise ValueError("a rule, a pass or an operator has no docstring")
    return text


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(operators_page(), encoding="utf-8")

"""`--step 'prune sparsity=0.6 epochs=5'`: an optimisation step as one option."""

from __future__ import annotations

import shlex
import tomllib
from typing import Any

from toolchain.errors import ConfigError

_EXAMPLE = "Write it like 'prune sparsity=0.6 epochs=5'; words with spaces in quotes."


def parse_step(text: str) -> dict[str, Any]:
    """The table that `[[optimise]]` would hold: the step's name, then `key=value` for each setting.

    A value is a TOML value, or a bare word; values between commas are a list, and so is anything between
    brackets.  A dotted key reaches into a table: `distil.teacher=big.keras`.  What the settings mean is
    checked where the configuration is.

    Raises:
        ConfigError: it cannot be read so.
    """
    try:
        words = shlex.split(text)
    except ValueError as exc:
        raise ConfigError(f"The step {text!r} has an open quotation.", _EXAMPLE) from exc
    if not words or "=" in words[0]:
        raise ConfigError(f"The step {text!r} does not begin with the name of a step.", _EXAMPLE)
    step: dict[str, Any] = {"step": words[0]}
    for word in words[1:]:
        key, equals, value = word.partition("=")
        if not equals or not all(key.split(".")):
            raise ConfigError(f"In the step {text!r}, {word!r} is no setting.", _EXAMPLE)
        _put(step, key, _value(value), text)
    return step


def _put(step: dict[str, Any], key: str, value: Any, text: str) -> None:
    *tables, last = key.split(".")
    table = step
    for name in tables:
        inner = table.setdefault(name, {})
        if not isinstance(inner, dict):
            raise ConfigError(f"In the step {text!r}, {name!r} is both a value and a table.", _EXAMPLE)
        table = inner
    if last in table:
        raise ConfigError(f"In the step {text!r}, {key!r} stands twice.", _EXAMPLE)
    table[last] = value


def _value(text: str) -> Any:
    """A TOML value, a list, or the text itself."""
    if text.startswith("[") and text.endswith("]"):
        inner = text[1:-1].strip()
        return [_value(part.strip()) for part in inner.split(",")] if inner else []
    if "," in text:
        return [_value(part.strip()) for part in text.split(",")]
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError):
        return text

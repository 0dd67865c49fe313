"""What the models are held against: `figures.toml`, typed."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_FILE = Path(__file__).with_name("figures.toml")


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one model; instructions, cycles and bytes as the file says."""

    title: str
    file: str
    baseline_instructions: int
    baseline_arena: int
    baseline_flash: int
    record_cycles: int
    floor: int
    aim: int
    stretch: int
    arena: int


@dataclass(frozen=True, slots=True)
class Book:
    """All of it, by the model's short name, and where it is from."""

    models: Mapping[str, Figures]
    sources: Mapping[str, str]
    flash_beside_weights: int


def read_figures() -> Book:
    """The file, whole."""
    with _FILE.open("rb") as file:
        known = tomllib.load(file)
    sources, limits = known.pop("sources"), known.pop("limits")
    models = {name: Figures(**entries) for name, entries in known.items()}
    return Book(models, sources, limits["flash_beside_weights"])

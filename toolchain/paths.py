"""Where the data files live, in a checkout and in an installed wheel alike."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def _data_folder(name: str) -> Path:
    """The folder `name` beside the package in a checkout, inside it in a wheel (see pyproject.toml)."""
    installed = _PACKAGE / "data" / name
    return installed if installed.is_dir() else _PACKAGE.parent / name


def firmware_templates() -> Path:
    """Jinja templates and C sources that make up a rendered PlatformIO project."""
    return _data_folder("firmware_templates")


def boards() -> Path:
    """The built-in board files, one TOML each."""
    return _data_folder("boards")


def energy_tables() -> Path:
    """The built-in tables of energy per operation, one TOML each."""
    return _data_folder("energy")


def kernels() -> Path:
    """The C kernels, copied into rendered projects as a library."""
    return _PACKAGE / "kernels"

"""Energy tables: one TOML file each, built in or the user's own, checked to the last key."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import ValidationError

from toolchain import paths
from toolchain.errors import ConfigError
from toolchain.vocabulary.energy import EnergyTable

MAX_FILE_BYTES = 64 * 1024


def load_energy_table(name: str) -> EnergyTable:
    """The table `name`: one of the built-in ones, or a path that ends in `.toml`.

    Raises:
        ConfigError: there is no such table, or its file is wrong (file, key and reason are named).
    """
    path = Path(name) if name.endswith(".toml") else paths.energy_tables() / f"{name}.toml"
    known = sorted(file.stem for file in paths.energy_tables().glob("*.toml"))
    if not name.endswith(".toml") and name not in known:
        raise ConfigError(
            f"There is no energy table {name[:64]!r}.",
            f"Give a .toml file, or one of: {', '.join(known)}.",
        )
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
        if len(content) > MAX_FILE_BYTES:
            raise ConfigError(f"The energy table {path} is larger than 64 KiB.", "Name a TOML file.")
        return EnergyTable.model_validate(tomllib.loads(content.decode("utf-8")))
    except OSError as exc:
        raise ConfigError(
            f"The energy table {path} cannot be read: {exc.strerror or exc}.", "Check the path."
        ) from exc
    except ValidationError as exc:
        fault = exc.errors(include_url=False, include_context=False)[0]
        key = ".".join(str(part) for part in fault["loc"]) or "the file"
        raise ConfigError(
            f"The energy table {path} is wrong at {key}: {fault['msg']}.",
            "Correct it; energy/horowitz_45nm.toml is an example.",
        ) from exc
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as exc:
        raise ConfigError(f"The energy table {path} is not valid TOML: {exc}.", "Correct it.") from exc

"""What runs a model on the device, and what each of them can be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self, get_args

from pydantic import Field, model_validator

from toolchain.vocabulary.settings import Settings

Engine = Literal["aot", "tflm"]
"""`aot`: compiled to plain C.  `tflm`: TensorFlow Lite Micro interprets the model file, as a C array."""

ENGINES: tuple[Engine, ...] = get_args(Engine)
DEFAULT_ENGINE: Engine = "aot"
LIBRARY_CHARACTERS_MAX = 500


class TflmSettings(Settings):
    """`[engine.tflm]`."""

    library: str | None = Field(
        default=None,
        min_length=1,
        max_length=LIBRARY_CHARACTERS_MAX,
        description="TensorFlow Lite Micro, as any PlatformIO library specification or a folder",
    )


class EngineSettings(Settings):
    """`engine = "tflm"`, `engine = ["aot", "tflm"]`, or the table `[engine]` with `use` and `[engine.tflm]`.

    The first of `use` is the one whose report the result is; the others are built and run beside it.
    """

    use: tuple[Engine, ...] = Field(default=(DEFAULT_ENGINE,), min_length=1, strict=False)
    tflm: TflmSettings = TflmSettings()

    @model_validator(mode="before")
    @classmethod
    def _from_a_word(cls, given: Any) -> Any:
        """A name, names with commas between them (of an option), or a list is `use` alone."""
        table = dict(given) if isinstance(given, Mapping) else {"use": given}
        if isinstance(table.get("use"), str):
            table["use"] = [name.strip() for name in table["use"].split(",")]
        return table

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        if len(set(self.use)) < len(self.use):
            raise ValueError("an engine is named twice")
        return self

    @property
    def first(self) -> Engine:
        """The engine whose result is the result."""
        return self.use[0]

    def only(self, engine: Engine) -> EngineSettings:
        """The same settings with `engine` alone."""
        return self.model_copy(update={"use": (engine,)})


def engine_table(written: object) -> object:
    """What stands under `engine` in a deploy.toml as a table, so that options can be laid over its parts.

    A table without `use` means the engines that it has tables of: `[engine.tflm]` alone chooses tflm.
    """
    if not isinstance(written, Mapping):
        return {"use": written}
    tables = [name for name in ENGINES if name in written]
    return written if "use" in written or not tables else {**written, "use": tables}


@dataclass(frozen=True, slots=True)
class TflmLibrary:
    """TensorFlow Lite Micro as a project names it.

    `specification` is the line of `lib_deps`; `defines` are the flags by which the library's headers tell
    which kernels it has (`-DCMSIS_NN`), known of a folder only; `identity` is the folder's path, or the
    specification again.
    """

    specification: str
    defines: tuple[str, ...]
    identity: str


def is_folder(library: str, base: Path) -> bool:
    """Whether a library is written as a folder: like a path, or as the name of one that is there."""
    return library.startswith((".", "/", "~")) or (base / library).is_dir()

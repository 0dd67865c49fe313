"""The strict model of deploy.toml, and the same from the command line's options."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError

from toolchain.errors import ConfigError
from toolchain.user_code import file_of, is_reference
from toolchain.vocabulary.benchmark import BenchmarkId
from toolchain.vocabulary.budget import BudgetSettings, in_bytes
from toolchain.vocabulary.data_settings import DataSettings
from toolchain.vocabulary.engine import EngineSettings, engine_table, is_folder
from toolchain.vocabulary.score import METRICS
from toolchain.vocabulary.settings import (
    DEFAULT_OPTIMISE_FOR,
    ConvertSettings,
    OptimiseFor,
    ResetState,
    SerialSettings,
    Settings,
)
from toolchain.vocabulary.steps.union import OptimiseStep, teachers_of

CONFIG_BYTES_MAX = 1_000_000
DEFAULT_BOARD = "sim_cortex_m4"


def _bytes_or_auto(value: object) -> object:
    """Bytes, from a number or such as 64K; or the word "auto" as it is."""
    found = value if value == "auto" else in_bytes(value)
    if found != "auto" and (not isinstance(found, int) or isinstance(found, bool) or found < 0):
        raise ValueError('give a number of bytes, such as 64K, or "auto"')
    return found


FlashForSpeed = Annotated[int | Literal["auto"], BeforeValidator(_bytes_or_auto)]


class ModelSection(Settings):
    """`[model]`: a `.keras`, `.h5` or SavedModel to optimise and convert, or a `.tflite` as it is."""

    path: Path = Field(strict=False)
    name: str | None = Field(default=None, min_length=1, max_length=100)
    custom_objects: str | None = Field(
        default=None, description="a Python module with layers of the user's own: a .py file, or a name"
    )


class MeasureSection(Settings):
    """`[measure]`: how much goes through the device."""

    samples: int | None = Field(default=None, ge=1, description="the first N test samples (all)")
    random_samples: int = Field(default=32, ge=1, le=100_000, description="inputs when there is no data")
    each_step: bool = Field(
        default=True,
        description="convert, build and run the model before and after each step, not only at last",
    )
    per_layer: bool = Field(default=False, description="build the layer timer in, and read it")
    runs: int | None = Field(default=None, ge=1, le=10_000_000, description="at least so many timed ones")
    warm_up: int = Field(default=3, ge=0, le=100_000, description="untimed inferences before the first")
    reset_state: ResetState = Field(
        default="auto", description="a model with state starts each sample afresh, or never (by its kind)"
    )
    timeout_seconds: float = Field(default=60.0, gt=0.0, le=3600.0, description="bound on one answer")


class MeasureConfig(Settings):
    """What measuring a project that is built can be told: a part of what DeployConfig holds."""

    measure: MeasureSection = MeasureSection()
    budget: BudgetSettings = BudgetSettings()
    energy_table: str = Field(
        default="horowitz_45nm", min_length=1, max_length=500, description="energy per operation: id or .toml"
    )
    port: str | None = Field(default=None, min_length=1, max_length=500)
    upload_protocol: str | None = Field(
        default=None, min_length=1, max_length=64, description="one of the board's, not its first"
    )
    serial: SerialSettings = SerialSettings()
    seed: int = Field(default=0, ge=0, lt=2**32)


class DeployConfig(Settings):
    """Everything `chipcast deploy` can be told.  Paths are absolute once loaded."""

    model: ModelSection
    data: DataSettings | None = None
    optimise: tuple[OptimiseStep, ...] = Field(default=(), strict=False)
    convert: ConvertSettings = ConvertSettings()
    measure: MeasureSection = MeasureSection()
    budget: BudgetSettings = BudgetSettings()
    energy_table: str = Field(
        default="horowitz_45nm", min_length=1, max_length=500, description="energy per operation: id or .toml"
    )
    board: str = Field(default=DEFAULT_BOARD, min_length=1, max_length=500)
    engine: EngineSettings = EngineSettings()
    optimise_for: OptimiseFor = DEFAULT_OPTIMISE_FOR
    remove_channels: bool = Field(
        default=True, description="leave out channels that are constant or unread, and zeros where it pays"
    )
    flash_for_speed: FlashForSpeed = Field(
        default=0, description="bytes layers may take beyond their weights to be faster; auto: what is left"
    )
    benchmark: BenchmarkId | None = Field(
        default=None, description="be MLPerf Tiny's device under test for it"
    )
    port: str | None = Field(default=None, min_length=1, max_length=500)
    upload_protocol: str | None = Field(
        default=None, min_length=1, max_length=64, description="one of the board's, not its first"
    )
    serial: SerialSettings = SerialSettings()
    seed: int = Field(default=0, ge=0, lt=2**32)
    metric: str | None = Field(
        default=None, description="accuracy, auc, mse, mae or module:function; else what fits the data"
    )
    boards_folder: Path | None = Field(default=None, strict=False, exclude=True)

    @property
    def name(self) -> str:
        """What the model is called in reports."""
        return self.model.name or self.model.path.stem


def load_config(path: Path, overrides: Mapping[str, Any] | None = None) -> DeployConfig:
    """Read deploy.toml; `overrides` (nested like the file) win over what it says.

    Paths in the file are relative to the file, paths in `overrides` to the working folder.

    Raises:
        ConfigError: the file cannot be read, is no TOML, or has a wrong or unknown key.
    """
    try:
        if path.stat().st_size > CONFIG_BYTES_MAX:
            raise ConfigError(f"{path} is too large to be a configuration.", "Pass a deploy.toml.")
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise ConfigError(f"{path} cannot be read: {exc.strerror}.", "Check the path.") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise ConfigError(f"{path} is not valid TOML: {exc}.", "Mend the line it names.") from exc
    _anchor(document, path.resolve().parent)
    return config_from(_merge(document, overrides or {}), source=str(path))


def _anchor(document: dict[str, Any], base: Path) -> None:
    """Make what the file says of other files absolute: the file's own folder is where they start from."""
    steps = document.get("optimise")
    distils = (
        [step.get("distil") for step in steps if isinstance(step, dict)] if isinstance(steps, list) else []
    )
    for table, key in (
        (document.get("model"), "path"),
        (document.get("model"), "custom_objects"),
        (document.get("data"), "path"),
        *((distil, "teacher") for distil in distils),
    ):
        if isinstance(table, dict) and isinstance(table.get(key), str):
            table[key] = _typed(base / table[key], key)
    for key in ("metric", "board", "energy_table"):
        value = document.get(key)
        if isinstance(value, str) and (is_reference(value) if key == "metric" else value.endswith(".toml")):
            document[key] = str(base / value)
    document["boards_folder"] = base / "boards"
    if "engine" in document:
        document["engine"] = engine_table(document["engine"])
        _anchor_library(document["engine"], base)


def _anchor_library(engine: object, base: Path) -> None:
    """A library that is written as a folder is one beside the file; any other specification stays."""
    tflm = engine.get("tflm") if isinstance(engine, dict) else None
    library = tflm.get("library") if isinstance(tflm, dict) else None
    if isinstance(tflm, dict) and isinstance(library, str) and is_folder(library, base):
        tflm["library"] = str((base / Path(library).expanduser()).resolve())


def _typed(path: Path, key: str) -> Path | str:
    """The name of a module is text, though it looks like a path."""
    return str(path) if key == "custom_objects" else path


def config_from(values: Mapping[str, Any], *, source: str = "the options") -> DeployConfig:
    """Build and check a configuration from nested values.

    Raises:
        ConfigError: a wrong or unknown key, named, or a path that does not exist.
    """
    try:
        config = DeployConfig.model_validate(dict(values))
    except ValidationError as exc:
        raise _wrong_key(exc, source) from exc
    model = config.model.model_copy(update={"path": _existing(config.model.path, "model")})
    data = config.data
    if data is not None:
        data = data.model_copy(update={"path": _existing_data(data.path)})
    if config.model.custom_objects is not None:
        file_of(config.model.custom_objects)
    _check_metric(config.metric)
    for teacher in teachers_of(config.optimise):
        _existing(teacher, "teacher")
    return config.model_copy(update={"model": model, "data": data})


def measure_config_from(values: Mapping[str, Any]) -> MeasureConfig:
    """What a verb that reads no deploy.toml was told, nested as deploy.toml is.

    Raises:
        ConfigError: a value outside what is allowed.
    """
    try:
        return MeasureConfig.model_validate(dict(values))
    except ValidationError as exc:
        raise _wrong_key(exc, "the options") from exc


def data_settings_from(values: Mapping[str, Any]) -> DataSettings:
    """What a verb that reads no deploy.toml was told of the data.

    Raises:
        ConfigError: a value outside what is allowed.
    """
    try:
        return DataSettings.model_validate(dict(values))
    except ValidationError as exc:
        raise _wrong_key(exc, "the options") from exc


def _wrong_key(exc: ValidationError, source: str) -> ConfigError:
    first = exc.errors(include_url=False)[0]
    key = ".".join(str(part) for part in first["loc"]) or "the file"
    return ConfigError(f"In {source}, {key}: {first['msg']}.", "See the verb's --help.")


def _existing_data(path: Path) -> Path:
    """As `_existing`, or the path of `module:function` once there is such a module."""
    if is_reference(path):
        file_of(path)
        return path.absolute()
    return _existing(path, "data set")


def _check_metric(metric: str | None) -> None:
    if metric is None or metric in METRICS:
        return
    if not is_reference(metric):
        raise ConfigError(
            f"There is no metric {metric!r}.", f"Choose {', '.join(METRICS)}, or module:function."
        )
    file_of(metric)


def _existing(path: Path, what: str) -> Path:
    """`path` made absolute, or a ConfigError that says which `what` is missing."""
    absolute = path.expanduser().resolve()
    if not absolute.exists():
        raise ConfigError(f"The {what} {path} does not exist.", "Check the path.")
    return absolute


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        merged[key] = _merge(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged

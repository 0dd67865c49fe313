"""Options that verbs share, and the one place that turns options into what deploy.toml says.

`CONFIGURATION` has an option for every key of deploy.toml.  A verb that takes them all is registered
through `with_configuration`; one that takes a few names them in its own signature and calls
`overrides_of`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from toolchain.cli.line_options import LINE
from toolchain.cli.step_option import parse_step

if TYPE_CHECKING:
    from toolchain.config import DeployConfig


Source = Annotated[Path, typer.Argument(help="deploy.toml, Keras model or int8 .tflite", show_default=False)]
DataFile = Annotated[
    Path | None,
    typer.Option("--data", help=".npz, .npy or .csv file, folder of images or WAVs, or module:function"),
]
Inputs = Annotated[
    list[str] | None,
    typer.Option(
        help="name of the array (or column) of samples in the data; repeatable, in the model's order"
    ),
]
Labels = Annotated[str | None, typer.Option(help="name of the array (.npy file, column) of labels")]
Values = Annotated[str | None, typer.Option(help="name of real values to learn, in the place of labels")]
Classes = Annotated[
    list[str] | None, typer.Option(help="a class's name, in the order of the outputs; repeatable")
]
Scale = Annotated[float | None, typer.Option(help="every input is multiplied by it")]
MetricName = Annotated[
    str | None, typer.Option(help="accuracy, auc, mse, mae or module:function \\[what fits the data]")
]
TestFraction = Annotated[float | None, typer.Option(help="share held out where the file has no test part")]
CustomObjects = Annotated[str | None, typer.Option(help="Python module with layers of your own")]
Name = Annotated[str | None, typer.Option(help="what to call the model")]
Prune = Annotated[float | None, typer.Option(help="short for --step 'prune sparsity=…', before any --step")]
Step = Annotated[
    list[str] | None,
    typer.Option("--step", help="an optimisation step: 'prune sparsity=0.6 epochs=5'; repeatable"),
]
Calibration = Annotated[int | None, typer.Option("--calibration-samples", help="samples to quantise with")]
Activations = Annotated[str | None, typer.Option(help="int8, or int16 for 16×8 \\[int8]")]
CalibrationChoice = Annotated[
    str | None, typer.Option(help="which samples: random, balanced (by label) or first \\[random]")
]
Range = Annotated[str | None, typer.Option(help="of values: min-max, percentile or mse \\[min-max]")]
Percentile = Annotated[float | None, typer.Option(help="--range percentile: of the values \\[99.99]")]
Compare = Annotated[
    list[str] | None,
    typer.Option(help="convert to float32, dynamic-range or float16 too, for comparison; repeatable"),
]
Seed = Annotated[int | None, typer.Option(help="seed of every random choice \\[0]")]
BoardName = Annotated[str | None, typer.Option("--board", help="board id or .toml file \\[sim_cortex_m4]")]
Engine = Annotated[str | None, typer.Option(help="what runs the model: aot, tflm, or both: aot,tflm \\[aot]")]
TflmLibrary = Annotated[
    str | None,
    typer.Option(help="TensorFlow Lite Micro for PlatformIO, or a folder \\[CHIPCAST_TFLM_LIBRARY]"),
]
Optimise = Annotated[
    str | None, typer.Option("--optimise-for", help="speed, ram or size: what matters most \\[speed]")
]
RemoveChannels = Annotated[
    bool | None,
    typer.Option(
        "--remove-channels/--keep-channels",
        help="leave out what is constant, unread or zero, or compute every weight \\[remove]",
    ),
]
FlashForSpeed = Annotated[
    str | None,
    typer.Option(help="flash beyond their weights that makes layers faster: bytes, 64K or auto \\[0]"),
]
Benchmark = Annotated[str | None, typer.Option(help="MLPerf Tiny's personality: kws01, ic01, vww01 or ad01")]
SampleCount = Annotated[int | None, typer.Option("--samples", help="only the first N test samples")]
Runs = Annotated[int | None, typer.Option(help="time at least N inferences \\[one a sample]")]
RandomSamples = Annotated[int | None, typer.Option(help="inputs when there is no data \\[32]")]
WarmUp = Annotated[int | None, typer.Option(help="untimed inferences before the first \\[3]")]
EachStep = Annotated[
    bool | None,
    typer.Option("--each-step/--no-each-step", help="figures before and after each step, or the last only"),
]
PerLayer = Annotated[bool | None, typer.Option("--per-layer", help="time every layer as well")]
Timeout = Annotated[float | None, typer.Option(help="seconds to wait for one answer \\[60]")]
ResetState = Annotated[
    str | None,
    typer.Option(help="a model's state: auto, each-sample or never \\[auto: each-sample for Keras LSTMs]"),
]
MaxFlash = Annotated[str | None, typer.Option(help="flash of the firmware: bytes, or such as 64K")]
MaxRam = Annotated[str | None, typer.Option(help="RAM of the firmware: bytes, or such as 16K")]
MaxTime = Annotated[str | None, typer.Option(help="the slowest inference, such as '20 ms'")]
MaxInstructions = Annotated[int | None, typer.Option(help="the same on a board that counts them")]
MinAccuracy = Annotated[float | None, typer.Option(help="the int8 model's metric, at least")]
MaxError = Annotated[float | None, typer.Option(help="the same, where smaller is better")]
EnergyTable = Annotated[
    str | None, typer.Option(help="energy per operation: id or .toml file \\[horowitz_45nm]")
]
Out = Annotated[Path | None, typer.Option(help="output folder \\[out/NAME-BOARD]", show_default=False)]
Force = Annotated[bool, typer.Option("--force", help="run every stage, changed or not")]
Json = Annotated[bool, typer.Option("--json", help="print JSON instead of tables")]


# Heading in the help → parameter → (key of deploy.toml, dotted; the option).  A step is one of the table
# `optimise`, and `model.path` is SOURCE.
CONFIGURATION: Mapping[str, Mapping[str, tuple[str, Any]]] = {
    "Data": {
        "data": ("data.path", DataFile),
        "inputs": ("data.inputs", Inputs),
        "labels": ("data.labels", Labels),
        "values": ("data.values", Values),
        "classes": ("data.classes", Classes),
        "scale": ("data.scale", Scale),
        "test_fraction": ("data.test_fraction", TestFraction),
        "metric": ("metric", MetricName),
    },
    "Model": {
        "name": ("model.name", Name),
        "custom_objects": ("model.custom_objects", CustomObjects),
        "step": ("optimise", Step),
        "prune": ("optimise", Prune),
        "calibration_samples": ("convert.calibration_samples", Calibration),
        "calibration_choice": ("convert.calibration_choice", CalibrationChoice),
        "activations": ("convert.activations", Activations),
        "range": ("convert.range", Range),
        "percentile": ("convert.percentile", Percentile),
        "compare": ("convert.compare", Compare),
        "seed": ("seed", Seed),
    },
    "Board": {
        "board": ("board", BoardName),
        "engine": ("engine.use", Engine),
        "tflm_library": ("engine.tflm.library", TflmLibrary),
        "optimise_for": ("optimise_for", Optimise),
        "remove_channels": ("remove_channels", RemoveChannels),
        "flash_for_speed": ("flash_for_speed", FlashForSpeed),
        "benchmark": ("benchmark", Benchmark),
    },
    "A board on the desk": LINE,
    "Measuring": {
        "samples": ("measure.samples", SampleCount),
        "random_samples": ("measure.random_samples", RandomSamples),
        "runs": ("measure.runs", Runs),
        "warm_up": ("measure.warm_up", WarmUp),
        "each_step": ("measure.each_step", EachStep),
        "per_layer": ("measure.per_layer", PerLayer),
        "reset_state": ("measure.reset_state", ResetState),
        "timeout": ("measure.timeout_seconds", Timeout),
        "energy_table": ("energy_table", EnergyTable),
    },
    "Budget, checked at the end (exit code 53)": {
        "max_flash": ("budget.max_flash", MaxFlash),
        "max_ram": ("budget.max_ram", MaxRam),
        "max_time": ("budget.max_time", MaxTime),
        "max_instructions": ("budget.max_instructions", MaxInstructions),
        "min_accuracy": ("budget.min_accuracy", MinAccuracy),
        "max_error": ("budget.max_error", MaxError),
    },
}
KEYS: Mapping[str, str] = {
    name: key for options in CONFIGURATION.values() for name, (key, _) in options.items()
}
"""Parameter → key of deploy.toml."""


def overrides_of(**options: Any) -> dict[str, Any]:
    """The options that were given, by their parameters' names, nested as deploy.toml is.

    Raises:
        ConfigError: a step that cannot be read.
    """
    found: dict[str, Any] = {}
    steps = _steps(options.pop("prune", None), options.pop("step", None))
    if steps:
        found["optimise"] = steps
    for name, value in options.items():
        if value is None or value == []:  # an option that may be repeated, and was not given
            continue
        *sections, key = KEYS[name].split(".")
        table = found
        for section in sections:
            table = table.setdefault(section, {})
        table[key] = value
    return found


def _steps(prune: float | None, steps: list[str] | None) -> list[dict[str, Any]]:
    short = [] if prune is None else [{"step": "prune", "sparsity": prune}]
    return [*short, *map(parse_step, steps or ())]


def with_configuration(verb: Callable[..., None]) -> Callable[..., None]:
    """`verb(…, overrides, …)` as a command with every option of CONFIGURATION in the place of `overrides`."""

    def command(**values: Any) -> None:
        options = {name: values.pop(name) for name in KEYS}
        verb(overrides=overrides_of(**options), **values)

    parameters: list[inspect.Parameter] = []
    for parameter in inspect.signature(verb, eval_str=True).parameters.values():
        if parameter.name == "overrides":
            parameters += _configuration_parameters()
        else:
            parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))
    # Typer reads a command's options from here.
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {}
    command.__doc__ = verb.__doc__
    return command


def _configuration_parameters() -> list[inspect.Parameter]:
    """Every option of CONFIGURATION, under its heading, as what typer makes an option of."""
    found = []
    for heading, options in CONFIGURATION.items():
        for name, (_, annotation) in options.items():
            kind, option = get_args(annotation)
            under_heading = copy(option)
            under_heading.rich_help_panel = heading
            found.append(
                inspect.Parameter(
                    name,
                    inspect.Parameter.KEYWORD_ONLY,
                    default=None,
                    annotation=Annotated[kind, under_heading],
                )
            )
    return found


def configuration(source: Path, overrides: Mapping[str, Any]) -> DeployConfig:
    """The DeployConfig of a deploy.toml or a model file, with the options on top.

    Raises:
        ConfigError: as `load_config`, or an option for an engine that is not chosen.
    """
    from toolchain.config import config_from, load_config  # noqa: PLC0415 (keeps `--help` fast)
    from toolchain.errors import ConfigError  # noqa: PLC0415

    if source.suffix == ".toml":
        config = load_config(source, overrides)
    else:
        config = config_from({**overrides, "model": {**overrides.get("model", {}), "path": source}})
    if "tflm" in overrides.get("engine", {}) and "tflm" not in config.engine.use:
        raise ConfigError("--tflm-library is for the engine tflm, which is not chosen.", "Add --engine tflm.")
    return config


def given(**values: object) -> dict[str, object]:
    """The options that were given."""
    return {key: value for key, value in values.items() if value is not None}

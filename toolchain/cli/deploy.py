"""`chipcast deploy`: the whole corridor."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from toolchain.cli.console import StageDisplay, print_json, print_result
from toolchain.errors import ConfigError

HELP = """Optimise, convert, compile, build, flash and measure a model; print the report.

SOURCE is a deploy.toml, a Keras model (.keras, .h5, SavedModel folder) or an int8 .tflite.

[bold]Examples[/]

  chipcast deploy examples/digits/deploy.toml

  chipcast deploy model.keras --data digits.npz --prune 0.5 --board sim_cortex_m4

  chipcast deploy kws.tflite --data kws.npz --board host --json
"""

Source = Annotated[Path, typer.Argument(help="deploy.toml, Keras model or int8 .tflite", show_default=False)]
DataFile = Annotated[Path | None, typer.Option("--data", help="samples and labels (.npz)")]
Inputs = Annotated[str | None, typer.Option(help="name of the array of samples in the data file")]
Labels = Annotated[str | None, typer.Option(help="name of the array of labels in the data file")]
TestFraction = Annotated[float | None, typer.Option(help="share held out where the file has no test part")]
BoardName = Annotated[str | None, typer.Option("--board", help="board id or .toml file [sim_cortex_m4]")]
Engine = Annotated[str | None, typer.Option(help="what runs the model: aot")]
Optimise = Annotated[
    str | None, typer.Option("--optimise-for", help="speed, ram or size: what matters most [speed]")
]
Out = Annotated[Path | None, typer.Option(help="output folder [out/NAME-BOARD]")]
Name = Annotated[str | None, typer.Option(help="what to call the model")]
Prune = Annotated[float | None, typer.Option(help="prune to this share of zero weights")]
InitialSparsity = Annotated[float | None, typer.Option(help="--prune: where the schedule starts")]
Epochs = Annotated[int | None, typer.Option(help="--prune: epochs of fine-tuning")]
BatchSize = Annotated[int | None, typer.Option(help="--prune: samples a step")]
LearningRate = Annotated[float | None, typer.Option(help="--prune: Adam's learning rate")]
Calibration = Annotated[int | None, typer.Option("--calibration-samples", help="samples to quantise with")]
SampleCount = Annotated[int | None, typer.Option("--samples", help="only the first N test samples")]
RandomSamples = Annotated[int | None, typer.Option(help="inputs when there is no data [32]")]
PerLayer = Annotated[bool | None, typer.Option("--per-layer", help="time every layer as well")]
WarmUp = Annotated[int | None, typer.Option(help="untimed inferences before the first [3]")]
Benchmark = Annotated[str | None, typer.Option(help="MLPerf Tiny's personality: kws01, ic01, vww01 or ad01")]
Timeout = Annotated[float | None, typer.Option(help="seconds to wait for one answer [60]")]
Port = Annotated[str | None, typer.Option(help="serial port of a real board")]
Seed = Annotated[int | None, typer.Option(help="seed of every random choice [0]")]
Force = Annotated[bool, typer.Option("--force", help="run every stage, changed or not")]
Json = Annotated[bool, typer.Option("--json", help="print report.json instead of tables")]

Memory = Annotated[bool, typer.Option("--memory-map", help="also print who lies where in the arena")]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("deploy", help=HELP)(deploy)


def deploy(
    source: Source,
    data: DataFile = None,
    inputs: Inputs = None,
    labels: Labels = None,
    test_fraction: TestFraction = None,
    board: BoardName = None,
    engine: Engine = None,
    optimise_for: Optimise = None,
    out: Out = None,
    name: Name = None,
    prune: Prune = None,
    initial_sparsity: InitialSparsity = None,
    epochs: Epochs = None,
    batch_size: BatchSize = None,
    learning_rate: LearningRate = None,
    calibration_samples: Calibration = None,
    samples: SampleCount = None,
    random_samples: RandomSamples = None,
    warm_up: WarmUp = None,
    per_layer: PerLayer = None,
    benchmark: Benchmark = None,
    timeout: Timeout = None,
    port: Port = None,
    seed: Seed = None,
    force: Force = False,
    memory_map: Memory = False,
    json: Json = False,
) -> None:
    """See HELP."""
    from toolchain.pipeline.deploy import deploy as run  # noqa: PLC0415 (keeps `--help` fast)
    from toolchain.report.json_file import report_as_dict  # noqa: PLC0415
    from toolchain.report.memory_map import memory_as_text  # noqa: PLC0415
    from toolchain.report.terminal import report_as_text  # noqa: PLC0415

    pruning = given(
        sparsity=prune,
        initial_sparsity=initial_sparsity,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
    )
    if pruning and prune is None:
        raise ConfigError("Pruning options were given without --prune.", "Add --prune SPARSITY.")
    overrides = {
        **given(board=board, engine=engine, optimise_for=optimise_for, benchmark=benchmark),
        **given(port=port, seed=seed),
        "model": given(name=name),
        "data": given(path=data, inputs=inputs, labels=labels, test_fraction=test_fraction),
        "convert": given(calibration_samples=calibration_samples),
        "measure": given(
            samples=samples,
            random_samples=random_samples,
            warm_up=warm_up,
            per_layer=per_layer,
            timeout_seconds=timeout,
        ),
        **({"optimise": [{"step": "prune", **pruning}]} if pruning else {}),
    }
    config = configuration(source, overrides)
    with StageDisplay() as display:
        report = run(config, out=out, force=force, observer=display)
    if json:
        print_json(report_as_dict(report))
    else:
        print_result(*report_as_text(report), *(["", *memory_as_text(report.memory)] if memory_map else []))


def configuration(source: Path, overrides: Mapping[str, Any]) -> Any:
    """The DeployConfig of a deploy.toml or a model file, with the options on top."""
    from toolchain.config import config_from, load_config  # noqa: PLC0415

    given = {key: value for key, value in overrides.items() if value != {}}
    if source.suffix == ".toml":
        return load_config(source, given)
    return config_from({**given, "model": {**given.get("model", {}), "path": source}})


def given(**values: object) -> dict[str, object]:
    """The options that were given."""
    return {key: value for key, value in values.items() if value is not None}

"""The first rooms of the corridor: load → optimise → convert, or a `.tflite` as it is.

Rooms that need TensorFlow are imported where they are used, so that a run in which nothing changed never
loads it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from toolchain.config import DeployConfig
from toolchain.convert.c_array import write_model_data
from toolchain.convert.calibration_samples import calibration_rows
from toolchain.convert.check_int8 import require_fully_integer
from toolchain.convert.read_tflite import read_graph
from toolchain.custom_objects import know_custom_objects
from toolchain.errors import DataError, ModelError
from toolchain.load.dataset import load_data
from toolchain.load.fit_data import fit_data
from toolchain.pipeline.data_hash import data_key, module_key
from toolchain.pipeline.metric import metric_of
from toolchain.stages import Workshop, hash_file, hash_sources, version_of, write_whole
from toolchain.vocabulary.data import DataSet
from toolchain.vocabulary.optimisation import OptimisedModel
from toolchain.vocabulary.steps.union import teachers_of

MODEL_BYTES_MAX = 1 << 30
_COMMON = ("tensorflow_import.py", "network_file.py", "intervals.py", "user_code.py", "custom_objects.py")
_OPTIMISING = ("load", "optimise", *_COMMON)
CONVERTING = ("load", "convert", *_COMMON)
TENSORFLOW = ("tensorflow", "tf-keras", "tensorflow-model-optimization", "keras")


def int8_model(config: DeployConfig, shop: Workshop) -> tuple[OptimisedModel | None, bytes]:
    """The int8 `.tflite` in the output folder, made from a Keras model or taken as it is."""
    target = shop.folder / "model.tflite"
    if is_tflite(config.model.path):
        if config.optimise:
            raise ModelError(
                f"{config.model.path.name} is a .tflite file, which cannot be optimised any more.",
                "Give the Keras model it was made from, or leave the optimise steps out.",
            )
        _require_default_conversion(config)
        optimised, model = None, read_model(config.model.path)
        _check(model, config.name)
        write_whole(target, model)
        write_model_data(model, shop.folder)
    else:
        optimised = optimise(config, shop)
        model = convert(config, optimised.model_file, optimised.input_shapes, shop)
    return optimised, model


def _require_default_conversion(config: DeployConfig) -> None:
    """A setting that nothing would come of is refused rather than passed over."""
    if config.convert.model_fields_set:
        raise ModelError(
            f"{config.model.path.name} is a .tflite file, converted already: [convert] "
            f"{', '.join(sorted(config.convert.model_fields_set))} cannot change it any more.",
            "Give the Keras model it was made from, or leave that out.",
        )


def is_tflite(path: Path) -> bool:
    """Whether the model is a `.tflite`: by its file identifier (bytes 4…7), or its name."""
    if path.is_dir():
        return False
    with path.open("rb") as file:
        return file.read(8)[4:] == b"TFL3" or path.suffix == ".tflite"


def read_model(path: Path) -> bytes:
    """A model file's bytes; a file too large for any microcontroller is a ModelError."""
    if path.stat().st_size > MODEL_BYTES_MAX:
        raise ModelError(
            f"{path.name} is larger than 1 GB.", "No microcontroller holds it: give a smaller model."
        )
    return path.read_bytes()


def _check(model: bytes, name: str) -> None:
    require_fully_integer(read_graph(model, name))


def keras_data(
    config: DeployConfig, shapes: Sequence[tuple[int | None, ...]], classes: int | None = None
) -> DataSet | None:
    """Training and test part, float32, fitted to a model's input shapes."""
    if config.data is None:
        return None
    return fit_data(load_data(config.data, split=True, seed=config.seed), *shapes, classes=classes)


def optimise(config: DeployConfig, shop: Workshop) -> OptimisedModel:
    """The stage that runs the steps."""
    work = shop.stages / "optimised"

    def action() -> OptimisedModel:
        # Both bring TensorFlow.
        from toolchain.load.keras_model import load_keras  # noqa: PLC0415
        from toolchain.optimise.run_steps import optimise_model  # noqa: PLC0415

        know_custom_objects(config.model.custom_objects)
        model = load_keras(config.model.path, log=shop.log)
        return optimise_model(
            model,
            config.optimise,
            keras_data(config, model.input_shapes, model.outputs),
            seed=config.seed,
            work=work,
            progress=shop.observer.progress,
            log=shop.log,
            load_teacher=lambda teacher: load_keras(teacher, log=shop.log).network,
            checkpoints=shop.stages / "trainings",
            metric=metric_of(config.metric),
        )

    return shop.run(
        "optimise",
        depends_on={
            "model": hash_file(config.model.path),
            "steps": [step.model_dump(mode="json") for step in config.optimise],
            "teachers": [hash_file(teacher) for teacher in teachers_of(config.optimise)],
            "custom_objects": module_key(config.model.custom_objects),
            "data": data_key(config.data),
            "metric": module_key(config.metric),
            "seed": config.seed,
            "tools": version_of(*TENSORFLOW),
            "sources": hash_sources(*_OPTIMISING),
        },
        writes=[work],
        result=OptimisedModel,
        action=action,
    )


def convert(
    config: DeployConfig,
    model_file: Path,
    input_shapes: Sequence[tuple[int | None, ...]],
    shop: Workshop,
) -> bytes:
    """The stage that converts a network's file into `model.tflite` in the shop's folder; its bytes."""
    target = shop.folder / "model.tflite"

    def action() -> str:
        from toolchain.convert.to_int8 import convert_to_int8  # noqa: PLC0415 (brings TensorFlow)

        know_custom_objects(config.model.custom_objects)
        data = keras_data(config, input_shapes)
        if data is None:
            raise DataError(
                "Without data the model cannot be quantised: its value ranges are unknown.",
                "Give samples with --data FILE.npz.",
            )
        samples = data.train or data.test
        rows = calibration_rows(samples, config.convert, config.seed)
        model = convert_to_int8(
            model_file,
            tuple(np.asarray(array[rows], np.float32) for array in samples.all_inputs),
            settings=config.convert,
            progress=shop.observer.progress,
            log=shop.log,
        )
        _check(model, config.name)
        write_whole(target, model)
        write_model_data(model, shop.folder)
        return config.convert.activations

    shop.run(
        "convert",
        depends_on={
            "model": hash_file(model_file),
            "custom_objects": module_key(config.model.custom_objects),
            "settings": config.convert.model_dump(exclude={"compare"}),
            "data": data_key(config.data),
            "seed": config.seed,
            "tools": version_of(*TENSORFLOW),
            "sources": hash_sources(*CONVERTING),
        },
        writes=[target, shop.folder / "model_data.h", shop.folder / "model_data.cc"],
        result=str,
        action=action,
    )
    return target.read_bytes()

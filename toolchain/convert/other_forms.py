"""Other forms a model can be converted to, beside the one that runs on a target: for comparison only."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from toolchain.network_file import load_network
from toolchain.tensorflow_import import import_stack, tensorflow_noise_to

Form = Literal["float32", "dynamic-range", "float16"]


def convert_to_form(model_file: Path, form: Form, *, log: Path | None = None) -> bytes:
    """The `.tflite` bytes of a `tf_keras` model, in float32, with float16 weights, or with int8 weights.

    None of them runs on a target: what they compute with is float ("dynamic-range" quantises as it goes).
    """
    with tensorflow_noise_to(log):
        tensorflow = import_stack("tensorflow")
        network = load_network(model_file)
        signature = [
            tensorflow.TensorSpec((1, *tensor.shape[1:]), tensorflow.float32) for tensor in network.inputs
        ]
        traced = tensorflow.function(
            lambda *given: network(given[0] if len(given) == 1 else list(given), training=False)
        ).get_concrete_function(*signature)
        converter = tensorflow.lite.TFLiteConverter.from_concrete_functions([traced], network)
        if form != "float32":
            converter.optimizations = [tensorflow.lite.Optimize.DEFAULT]
        if form == "float16":
            converter.target_spec.supported_types = [tensorflow.float16]
        return bytes(converter.convert())


def run_form(
    model: bytes, inputs: npt.NDArray[np.float32], *, log: Path | None = None
) -> npt.NDArray[np.float32]:
    """Its first output for each sample, shape (samples, …), by TensorFlow Lite on this computer."""
    with tensorflow_noise_to(log):
        lite = import_stack("tensorflow").lite
        interpreter = lite.Interpreter(model_content=model)
        interpreter.allocate_tensors()
        place = interpreter.get_input_details()[0]["index"]
        result = interpreter.get_output_details()[0]["index"]
        return np.concatenate([_run(interpreter, place, result, row) for row in inputs])


def _run(interpreter: Any, place: int, result: int, row: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    interpreter.reset_all_variables()
    interpreter.set_tensor(place, row[np.newaxis])
    interpreter.invoke()
    return np.array(interpreter.get_tensor(result), np.float32)

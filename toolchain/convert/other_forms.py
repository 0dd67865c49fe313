"""Other forms a model can be converted to, beside the one that runs on a target: for comparison only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from toolchain.convert.trace_network import converter_for, input_names, with_inputs_in_order
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
        converter = converter_for(network)
        if form != "float32":
            converter.optimizations = [tensorflow.lite.Optimize.DEFAULT]
        if form == "float16":
            converter.target_spec.supported_types = [tensorflow.float16]
        return with_inputs_in_order(bytes(converter.convert()), input_names(network))


def run_form(
    model: bytes, inputs: Sequence[npt.NDArray[np.float32]], *, log: Path | None = None
) -> npt.NDArray[np.float32]:
    """Its first output for each sample, shape (samples, …), by TensorFlow Lite on this computer.

    `inputs` are an array an input, each of shape (samples, …), in the model's order.
    """
    with tensorflow_noise_to(log):
        interpreter = import_stack("tensorflow").lite.Interpreter(model_content=model)
        interpreter.allocate_tensors()
        places = [int(detail["index"]) for detail in interpreter.get_input_details()]
        result = int(interpreter.get_output_details()[0]["index"])
        outputs = []
        for row in range(len(inputs[0])):
            interpreter.reset_all_variables()
            for place, array in zip(places, inputs, strict=True):
                interpreter.set_tensor(place, array[row : row + 1])
            interpreter.invoke()
            outputs.append(np.array(interpreter.get_tensor(result), np.float32))
        return np.concatenate(outputs)

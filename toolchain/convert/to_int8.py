"""Full-integer post-training quantisation by TensorFlow's own converter."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from toolchain.convert.calibrate_from_zero import begins_at_zero, calibrate_from_zero
from toolchain.convert.repair_biases import repair_biases
from toolchain.convert.trace_network import converter_for, input_names, with_inputs_in_order
from toolchain.convert.value_ranges import Sample, quantise_with_ranges
from toolchain.errors import ChipcastError, DataError, ModelError, NotQuantisedError, UnsupportedError
from toolchain.network_file import load_network
from toolchain.tensorflow_import import import_stack, tensorflow_noise_to
from toolchain.vocabulary.optimisation import Progress
from toolchain.vocabulary.settings import ConvertSettings

_FLOAT_TYPES = ("FLOAT16", "FLOAT32", "FLOAT64", "BFLOAT16", "COMPLEX64", "COMPLEX128")


def convert_to_int8(
    model_file: Path,
    calibration: npt.NDArray[np.float32] | Sequence[npt.NDArray[np.float32]],
    *,
    settings: ConvertSettings | None = None,
    progress: Progress,
    log: Path | None = None,
) -> bytes:
    """The `.tflite` bytes of a `tf_keras` model, all integer inside, in and out, batch 1.

    Weights are int8, and so are activations, unless `settings.activations` makes them int16.

    `calibration` are samples, float32, shape (samples, …), from which the converter learns the range
    of every tensor; a few hundred from the training data do.  Of a model with several inputs, an array an
    input, in the model's order, which is also that of the `.tflite`.  The same model and samples give the
    same bytes.  `log` receives TensorFlow's native output.

    Raises:
        DataError: there are no samples, or they do not have the model's input shape.
        ModelError: the converter refuses the model, or cannot do what `settings` say with it.
        UnsupportedError: the model uses an operation that TFLite does not have.
        NotQuantisedError: something stayed float.
        MissingPackageError: the TensorFlow stack is not installed.
    """
    with tensorflow_noise_to(log):
        settings = settings or ConvertSettings()
        network = load_network(model_file)
        _require_possible(settings, network)
        arrays = [calibration] if isinstance(calibration, np.ndarray) else list(calibration)
        _check_calibration(network, arrays)
        progress(0.0, "tracing the model")
        heard = _Calibration(dict(zip(input_names(network), arrays, strict=True)), progress)
        try:
            converter = _converter(network, settings)
            converter.representative_dataset = heard.samples
            with calibrate_from_zero() if begins_at_zero(network) else contextlib.nullcontext():
                if settings.range == "min-max":
                    model = repair_biases(bytes(converter.convert()))
                else:
                    model = quantise_with_ranges(converter, heard.samples, settings)
        except Exception as exc:
            if heard.raised is not None:
                raise heard.raised from None
            raise _refusal(exc) from exc
    require_integer_tensors(model)
    model = with_inputs_in_order(model, input_names(network))
    progress(1.0, "converted")
    return model


def _require_possible(settings: ConvertSettings, network: Any) -> None:
    """Refuse what the converter would not do, or would pass over in silence."""
    if settings.range != "min-max" and settings.activations == "int16":
        raise ModelError(
            f"The range {settings.range!r} is for int8: with int16 activations the converter calibrates and "
            "quantises in one go, by minimum and maximum.",
            "Leave range at 'min-max'; 65,536 steps hardly suffer from an outlier.",
        )
    if not any(type(layer).__name__.startswith("QuantizeWrapper") for layer in network.layers):
        return
    if settings.activations == "int16":
        raise ModelError(
            "The model was trained for int8 (quantisation-aware), which cannot become int16.",
            "Leave the step out, or convert with activations = 'int8'.",
        )
    if settings.range != "min-max":
        raise ModelError(
            f"The model's value ranges were trained (quantisation-aware), so the range {settings.range!r} "
            "has nothing to choose.",
            "Leave range at 'min-max', or leave the quantisation-aware step out.",
        )


def _check_calibration(network: Any, calibration: Sequence[npt.NDArray[np.float32]]) -> None:
    """Refuse samples that do not fit the model."""
    if len(network.inputs) != len(calibration):
        raise DataError(
            f"The model has {len(network.inputs)} inputs, the data gives {len(calibration)}.",
            "Name an array an input, in the model's order: inputs = ['left', 'right'] under [data].",
        )
    for tensor, array in zip(network.inputs, calibration, strict=True):
        _check_array(tensor, array)


def _check_array(tensor: Any, calibration: npt.NDArray[np.float32]) -> None:
    wanted = tuple(tensor.shape[1:])
    if len(calibration) == 0:
        raise DataError(
            "There are no samples to calibrate with, and without them the value ranges are unknown.",
            "Give samples with --data.",
        )
    if calibration.shape[1:] != wanted:
        raise DataError(
            f"A calibration sample has the shape {calibration.shape[1:]}, the model's input {wanted}.",
            "Store the inputs in the model's input shape.",
        )
    if not np.isfinite(calibration).all():
        raise DataError("The calibration samples hold NaN or infinite values.", "Remove them from the data.")


def _converter(network: Any, settings: ConvertSettings) -> Any:
    tensorflow = import_stack("tensorflow")
    converter = converter_for(network)
    converter.optimizations = [tensorflow.lite.Optimize.DEFAULT]
    operators, wide = tensorflow.lite.OpsSet, settings.activations == "int16"
    converter.target_spec.supported_ops = [
        operators.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
        if wide
        else operators.TFLITE_BUILTINS_INT8
    ]
    converter.inference_input_type = tensorflow.int16 if wide else tensorflow.int8
    converter.inference_output_type = converter.inference_input_type
    return converter


class _Calibration:
    """The samples as the converter asks for them.

    What `progress` raises is remembered: the converter would wrap it in an error of its own.
    """

    def __init__(self, inputs: Mapping[str, npt.NDArray[np.float32]], progress: Progress) -> None:
        self._inputs = {name: np.asarray(array, np.float32) for name, array in inputs.items()}
        self._progress = progress
        self.raised: Exception | None = None

    def samples(self) -> Iterator[Sample]:
        """One sample at a time, shape (1, …); of several inputs, each under its name."""
        total = len(next(iter(self._inputs.values())))
        for number in range(total):
            try:
                self._progress(number / total, "calibrating")
            except Exception as exc:
                self.raised = exc
                raise
            sample = {name: array[number : number + 1] for name, array in self._inputs.items()}
            yield sample if len(sample) > 1 else list(sample.values())


def _refusal(exc: Exception) -> ChipcastError:
    """The converter's many lines as one sentence."""
    text = str(exc)
    missing = re.search(r"(?:TF Select|Custom) ops: ([\w, ]+)", text) or re.search(
        r"'tf\.(\w+)' op is neither", text
    )
    if missing:
        return UnsupportedError(
            f"The model uses {missing.group(1).strip()}, which TFLite has no operator for.",
            "Replace the layer that needs it, and train again.",
        )
    lines = [line.strip() for line in text.splitlines() if line.strip()] or [type(exc).__name__]
    return ModelError(
        f"TensorFlow's converter refused the model: {lines[0][:300].rstrip('.')}.",
        "The log has its whole message; replace the layer it names.",
    )


def require_integer_tensors(model: bytes) -> None:
    """Check that no tensor a `.tflite` file computes with is a float: the converter falls back silently.

    What no operator reads or makes (the converter leaves ranges of an LSTM's inner sums so) is no matter.

    Raises:
        NotQuantisedError: one is; it is named.
    """
    import tflite  # noqa: PLC0415 (late, like everything this room imports from outside)

    names = {value: name for name, value in vars(tflite.TensorType).items() if not name.startswith("_")}
    root = tflite.Model.GetRootAs(model, 0)
    for graph in (root.Subgraphs(index) for index in range(root.SubgraphsLength())):
        for tensor in (graph.Tensors(index) for index in _used_tensors(graph)):
            kind = names.get(tensor.Type(), "unknown")
            if kind in _FLOAT_TYPES or kind == "unknown":
                name = (tensor.Name() or b"").decode("utf-8", "replace")
                raise NotQuantisedError(
                    f"The tensor {name!r} stayed {kind} after conversion.",
                    "The operator it belongs to has no int8 form: replace that layer.",
                )


def _used_tensors(graph: Any) -> list[int]:
    """The tensors of a subgraph that go in, come out, or are an operator's input or output."""
    operators = [graph.Operators(index) for index in range(graph.OperatorsLength())]
    found = {graph.Inputs(index) for index in range(graph.InputsLength())}
    found |= {graph.Outputs(index) for index in range(graph.OutputsLength())}
    for operator in operators:
        found |= {operator.Inputs(index) for index in range(operator.InputsLength())}
        found |= {operator.Outputs(index) for index in range(operator.OutputsLength())}
    return sorted(found - {-1})

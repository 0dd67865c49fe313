"""The range of values that each tensor's int8 codes stand for, chosen otherwise than by minimum and maximum.

TensorFlow's converter takes the smallest and the largest value that calibration met.  One outlier then makes
every step coarser.  Its work has two halves, though: calibration notes a range beside each tensor of a
float model, and quantisation reads them.  Between the two the ranges can be narrowed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from toolchain.tensorflow_import import import_stack
from toolchain.vocabulary.settings import ConvertSettings

Range = tuple[float, float]
Sample = Sequence[npt.NDArray[np.float32]] | Mapping[str, npt.NDArray[np.float32]]
"""An array an input; of several inputs, each under its name."""

_BINS = 2048
_INT8_STEPS = 255
# Bounds that the search for the least error tries on either side of zero.
_CANDIDATES = 128


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """How often a tensor's values fell into each of equal bins between `low` and `high`, zero among them."""

    low: float
    high: float
    counts: npt.NDArray[np.int64]

    @property
    def edges(self) -> npt.NDArray[np.float64]:
        """Bounds of the bins, one more than there are bins."""
        return np.linspace(self.low, self.high, len(self.counts) + 1)


def quantise_with_ranges(
    converter: Any, samples: Callable[[], Iterable[Sample]], settings: ConvertSettings
) -> bytes:
    """The int8 model of a `TFLiteConverter` that has its samples, with ranges as `settings.range` says."""
    quantise = import_stack("tensorflow.lite.python.convert").mlir_quantize
    converter._experimental_calibrate_only = True
    calibrated = bytearray(converter.convert())
    choose = percentile_range(settings.percentile) if settings.range == "percentile" else least_error_range
    tables = _ranges_in(calibrated)
    for index, histogram in _histograms(bytes(calibrated), tables, samples()).items():
        low, high = tables[index]
        # Views into the flatbuffer: this writes the file.
        low[0], high[0] = choose(histogram)
    return bytes(
        quantise(
            bytes(calibrated),
            input_data_type=converter.inference_input_type,
            output_data_type=converter.inference_output_type,
        )
    )


def _ranges_in(calibrated: bytearray) -> dict[int, tuple[Any, Any]]:
    """Minimum and maximum of every calibrated tensor, as views of one float each into the file.

    Those of an LSTM stay out, and so as calibration left them: it computes its sums where nobody sees them,
    leaves of its state the last step alone, and writes its output in the scale of its hidden state.
    """
    import tflite  # noqa: PLC0415 (late, like everything this room imports from outside)

    graph = tflite.Model.GetRootAs(calibrated, 0).Subgraphs(0)
    found = {}
    for index in set(range(graph.TensorsLength())) - _inside_operators(graph):
        noted = graph.Tensors(index).Quantization()
        if noted is not None and noted.MinLength() == 1 and noted.MaxLength() == 1:
            found[index] = (noted.MinAsNumpy(), noted.MaxAsNumpy())
    return found


def _inside_operators(graph: Any) -> set[int]:
    """The intermediate tensors and variables of operators that have some, and the outputs of these."""
    found: set[int] = set()
    for operator in (graph.Operators(index) for index in range(graph.OperatorsLength())):
        given = {index for index in operator.InputsAsNumpy().tolist() if index >= 0}
        variables = {index for index in given if graph.Tensors(index).IsVariable()}
        if variables or operator.IntermediatesLength():
            inner = operator.IntermediatesAsNumpy().tolist() if operator.IntermediatesLength() else []
            found |= {*variables, *inner, *operator.OutputsAsNumpy().tolist()}
    return found


def _histograms(
    calibrated: bytes, tables: dict[int, tuple[Any, Any]], samples: Iterable[Sample]
) -> dict[int, Histogram]:
    """Every calibrated tensor's values over all samples."""
    lite = import_stack("tensorflow").lite
    interpreter = lite.Interpreter(
        model_content=calibrated,
        # Delegates fuse operators, and what lies between those is never seen.
        experimental_op_resolver_type=lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        experimental_preserve_all_tensors=True,
    )
    interpreter.allocate_tensors()
    places = {str(detail["name"]): int(detail["index"]) for detail in interpreter.get_input_details()}
    bounds = {i: (min(float(low[0]), 0.0), max(float(high[0]), 0.0)) for i, (low, high) in tables.items()}
    counts = {i: np.zeros(_BINS, np.int64) for i, (low, high) in bounds.items() if low < high}
    for sample in samples:
        interpreter.reset_all_variables()
        for place, values in _placed(places, sample):
            interpreter.set_tensor(place, values)
        interpreter.invoke()
        for index in counts:
            low, high = bounds[index]
            values = np.clip(interpreter.get_tensor(index), low, high)
            counts[index] += np.histogram(values, bins=_BINS, range=(low, high))[0]
    return {index: Histogram(*bounds[index], counted) for index, counted in counts.items()}


def _placed(places: Mapping[str, int], sample: Sample) -> list[tuple[int, npt.NDArray[np.float32]]]:
    """Each input's tensor and values; names in a file have more around them."""
    if not isinstance(sample, Mapping):
        return list(zip(places.values(), sample, strict=True))
    return [
        (next(place for name, place in places.items() if given in name), values)
        for given, values in sample.items()
    ]


def percentile_range(percentile: float) -> Callable[[Histogram], Range]:
    """Bounds with `percentile` per cent of the values between them, as many beyond one as the other.

    Where there are values on one side of zero only, zero is the other bound.
    """
    outside = (1.0 - percentile / 100.0) / 2.0

    def choose(histogram: Histogram) -> Range:
        share = np.cumsum(histogram.counts) / histogram.counts.sum()
        first = int(np.searchsorted(share, outside, side="right"))
        last = int(np.searchsorted(share, 1.0 - outside, side="left"))
        edges = histogram.edges
        low = float(edges[first]) if histogram.low < 0.0 else 0.0
        high = float(edges[last + 1]) if histogram.high > 0.0 else 0.0
        return min(low, 0.0), max(high, 0.0)

    return choose


def least_error_range(histogram: Histogram) -> Range:
    """The bounds with the least mean squared error after quantisation to int8.

    Within the bounds the error is a step's (its square over 12, as for any uniform quantiser), outside it is
    the distance to the bound.
    """
    edges = histogram.edges
    middles, counts = (edges[:-1] + edges[1:]) / 2.0, histogram.counts
    lows = np.linspace(0.0, histogram.low, _CANDIDATES) if histogram.low < 0.0 else np.zeros(1)
    highs = np.linspace(0.0, histogram.high, _CANDIDATES) if histogram.high > 0.0 else np.zeros(1)
    below = np.array([np.sum(counts * np.square(np.minimum(middles - low, 0.0))) for low in lows])
    above = np.array([np.sum(counts * np.square(np.maximum(middles - high, 0.0))) for high in highs])
    steps = (highs[np.newaxis, :] - lows[:, np.newaxis]) / _INT8_STEPS
    error = below[:, np.newaxis] + above[np.newaxis, :] + counts.sum() * np.square(steps) / 12.0
    low, high = np.unravel_index(int(np.argmin(error)), error.shape)
    return float(lows[low]), float(highs[high])

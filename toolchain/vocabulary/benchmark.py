"""MLPerf Tiny's four benchmarks: what the runner sends and reads, and how it judges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

BenchmarkId = Literal["kws01", "ic01", "vww01", "ad01"]


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One benchmark of mlcommons/tiny (benchmark/runner, benchmark/api).

    A sample is sent as `window_bytes` bytes: "int8" as the model takes them, "uint8" from which the
    firmware subtracts 128, "float32" (little-endian) which it quantises.  The model is int8 with
    `input_elements` and `output_elements` values; the device answers with `results` numbers: the
    dequantised outputs, or one mean squared error.
    """

    id: BenchmarkId
    window: Literal["int8", "uint8", "float32"]
    input_elements: int
    output_elements: int
    results: int

    @property
    def window_bytes(self) -> int:
        """Bytes of one sample on the line."""
        return self.input_elements * (4 if self.window == "float32" else 1)


BENCHMARKS: Mapping[BenchmarkId, Benchmark] = MappingProxyType(
    {
        "kws01": Benchmark("kws01", "int8", 490, 12, 12),
        "ic01": Benchmark("ic01", "uint8", 3072, 10, 10),
        "vww01": Benchmark("vww01", "uint8", 27648, 2, 2),
        "ad01": Benchmark("ad01", "float32", 640, 640, 1),
    }
)

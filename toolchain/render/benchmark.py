"""The MLPerf Tiny side of a firmware: how a sample comes in, and what numbers go out."""

from __future__ import annotations

from dataclasses import dataclass

from toolchain.errors import ConfigError
from toolchain.vocabulary.benchmark import BENCHMARKS, Benchmark, BenchmarkId
from toolchain.vocabulary.program import Program, TensorPort


@dataclass(frozen=True, slots=True)
class Personality:
    """Literals for chipcast_config.h; see mlperf_tiny.h for the types.  Empty where there is none."""

    benchmark: str
    window_type: str
    input_scale: str
    input_zero_point: str
    result_type: str
    output_scale: str
    output_zero_point: str


_WINDOW_TYPES = {"int8": "WINDOW_AS_MODEL", "uint8": "WINDOW_UINT8", "float32": "WINDOW_FLOAT32"}


def personality(program: Program, benchmark: BenchmarkId | None) -> Personality:
    """How the firmware of `program` speaks MLPerf Tiny, as the benchmark wants it or in general.

    Raises:
        ConfigError: the model is not the benchmark's.
    """
    output = program.outputs[0]
    if benchmark is not None:
        _require_match(program, BENCHMARKS[benchmark])
    is_float_window = benchmark is not None and BENCHMARKS[benchmark].window == "float32"
    result_type = "RESULT_MEAN_SQUARED_ERROR" if is_float_window else _result_type(program)
    quantised = result_type in {"RESULT_INT8", "RESULT_MEAN_SQUARED_ERROR"}
    return Personality(
        benchmark=benchmark or "",
        window_type=_WINDOW_TYPES[BENCHMARKS[benchmark].window] if benchmark else "WINDOW_AS_MODEL",
        input_scale=_scale(program.inputs[0]) if is_float_window else "",
        input_zero_point=_zero_point(program.inputs[0]) if is_float_window else "",
        result_type=result_type,
        output_scale=_scale(output) if quantised else "",
        output_zero_point=_zero_point(output) if quantised else "",
    )


def _result_type(program: Program) -> str:
    """What `results%` can tell: the numbers of a model's only output."""
    output = program.outputs[0]
    if len(program.outputs) != 1:
        return "RESULT_NONE"
    if output.dtype == "FLOAT32":
        return "RESULT_FLOAT32"
    quantised = output.dtype == "INT8" and output.quantisation is not None
    return "RESULT_INT8" if quantised else "RESULT_NONE"


def _require_match(program: Program, benchmark: Benchmark) -> None:
    wanted = (
        ("input", program.inputs, benchmark.input_elements),
        (
            "output",
            program.outputs,
            benchmark.output_elements,
        ),
    )
    for what, ports, elements in wanted:
        if len(ports) != 1:
            raise _mismatch(program, benchmark, f"has {len(ports)} {what}s", "one")
        port = ports[0]
        if port.dtype != "INT8" or port.quantisation is None or port.bytes != elements:
            raise _mismatch(
                program,
                benchmark,
                f"has an {what} of {port.bytes} bytes {port.dtype} (shape {port.shape})",
                f"{elements} values INT8",
            )


def _mismatch(program: Program, benchmark: Benchmark, has: str, wanted: str) -> ConfigError:
    return ConfigError(
        f"The model {program.model_name!r} is not the benchmark {benchmark.id}'s: it {has}, "
        f"the benchmark's has {wanted}.",
        "Give the model of that benchmark, or leave `benchmark` out.",
    )


def _scale(port: TensorPort) -> str:
    """The scale as a hexadecimal literal: exact."""
    assert port.quantisation is not None
    return f"{float(port.quantisation.scale).hex()}f"


def _zero_point(port: TensorPort) -> str:
    assert port.quantisation is not None
    return f"({port.quantisation.zero_point})"

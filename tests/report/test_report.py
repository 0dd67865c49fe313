"""Reports as people and scripts read them."""

from __future__ import annotations

import dataclasses
import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from toolchain.report.json_file import report_as_dict, write_report
from toolchain.report.memory_map import memory_as_text
from toolchain.report.terminal import report_as_text
from toolchain.vocabulary.measurement import Accuracy, Kind, LayerTime, Parity, TimerRate, Timing
from toolchain.vocabulary.optimisation import StepRecord
from toolchain.vocabulary.report import (
    FirmwareFacts,
    LayerKernel,
    MemoryBuffer,
    MemoryMap,
    ModelFacts,
    Report,
)


@pytest.fixture
def report(tmp_path: Path) -> Report:
    return Report(
        model=ModelFacts("digits", "a" * 64, "digits.keras", 82304, 5130, 145125, 13952, 6950),
        optimise=(StepRecord("prune", {"sparsity": 0.5}, 0.9875, 0.98, 0.5),),
        engine="aot",
        board="sim_cortex_m4",
        firmware=FirmwareFacts(
            "b" * 64, 18308, 8484, 3072, 364, 11878, 5160, "gcc 12", ("-O3",), "speed", 212
        ),
        timing=Timing(
            Kind.COUNTED,
            "instructions",
            400,
            90_135_300,
            90_218_300,
            90_276_500,
            (
                LayerTime(
                    "a/very/long/name/of/a/layer/that/no/terminal/holds;and/more", "DEPTHWISE_CONV_2D", 902183
                ),
            ),
        ),
        accuracy=Accuracy(0.98, 0.985, 0.985, 400),
        parity=Parity("tflite-micro 0", 4000, 0),
        folder=tmp_path,
        memory=MemoryMap(
            3072,
            3072,
            0,
            (MemoryBuffer("[red]image", 0, 64, 0, 0), MemoryBuffer("a/very/long/name" * 9, 64, 3008, 0, 12)),
        ),
    )


KERNELS = (
    LayerKernel("a/very/long/name" * 9, "CONV_2D", "byte pairs", "outputs rectified, proven for every sum"),
    LayerKernel("[b]", "FULLY_CONNECTED", "portable", "byte pairs: the core has no DSP instructions"),
    LayerKernel("c", "RESHAPE", "portable", ""),
)


def test_how_layers_are_computed_is_told_with_their_times(report: Report) -> None:
    told = dataclasses.replace(report, kernels=KERNELS)
    text = printed(told)
    assert max(map(len, text.splitlines())) <= 80
    assert "byte pairs" in text
    assert "[b]" in text
    assert report_as_dict(told)["kernels"] == [dataclasses.asdict(kernel) for kernel in KERNELS]
    without = dataclasses.replace(told, timing=dataclasses.replace(told.timing, per_layer=None))
    assert "byte pairs" not in printed(without)


def printed(report: Report, width: int = 80) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=width, no_color=True, highlight=False)
    for part in report_as_text(report):
        console.print(part)
    return stream.getvalue()


def test_it_reads_well_in_80_columns_without_colour(report: Report) -> None:
    text = printed(dataclasses.replace(report, folder=Path("out")))
    assert max(map(len, text.splitlines())) <= 80
    for wanted in ("98.00 %", "18,308", "90,218,300", "counted", "0 of 4,000 bytes differ"):
        assert wanted in text
    # Every figure of time stands beside its kind, and the kind is explained.
    assert "neither cycles nor time" in text


def test_the_memory_map_reads_well_and_takes_names_as_they_are(report: Report) -> None:
    stream = io.StringIO()
    console = Console(file=stream, width=80, no_color=True, highlight=False)
    for part in memory_as_text(report.memory):
        console.print(part)
    lines = stream.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0] == "arena: 3,072 bytes, lower bound 3,072"
    assert lines[2].split() == ["[red]image", "0", "64", "0–0"]
    assert lines[3].split()[1:] == ["64", "3,008", "0–12"]


def test_differing_bytes_stand_out_without_colour_too(report: Report) -> None:
    text = printed(dataclasses.replace(report, parity=Parity("tflite-micro 0", 4000, 17)))
    assert "17 of 4,000 bytes differ" in text


def test_a_clock_that_a_second_one_confirms_is_told_with_it(report: Report) -> None:
    """The timer counts at a tenth of the core's clock here: both hang on the same oscillator."""
    rate = TimerRate(hz=11_990_000.0, uncertainty_hz=900.0, seconds=1.0)
    timing = dataclasses.replace(
        report.timing,
        kind=Kind.MEASURED,
        unit="ns",
        timer_hz=12_000_000,
        clock_hz=120_000_000,
        timer_rate=rate,
    )
    measured = dataclasses.replace(report, timing=timing, folder=Path("out"))
    document = report_as_dict(measured)
    assert document["timing"]["timer_rate"]["uncertainty_hz"] == 900.0  # type: ignore[index]
    assert document["timing"]["timer_rate"]["kind"] == "host"  # type: ignore[index]
    assert document["timing"]["measured_clock_hz"] == pytest.approx(119_900_000)  # type: ignore[index]
    text = printed(measured)
    assert "119.9 MHz by this computer's clock" in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 80


def test_what_is_not_known_is_null_in_json_and_a_dash_in_text(report: Report) -> None:
    unknown = dataclasses.replace(
        report,
        optimise=(),
        accuracy=Accuracy(None, None, None, None),
        model=dataclasses.replace(report.model, parameters=None, float_bytes=None),
        firmware=dataclasses.replace(report.firmware, stack_bytes=None),
        timing=dataclasses.replace(report.timing, per_layer=None),
    )
    document = report_as_dict(unknown)
    assert document["accuracy"] == dict.fromkeys(
        ("float", "int8_host", "device", "samples", "int8_host_interval", "device_interval")
    )
    assert document["model"]["parameters"] is None  # type: ignore[index]
    assert document["timing"]["per_layer"] is None  # type: ignore[index]
    assert printed(unknown).count("–") >= 4


def test_the_json_has_the_schemas_keys_in_its_order(report: Report, tmp_path: Path) -> None:
    write_report(report, tmp_path / "report.json")
    document = json.loads((tmp_path / "report.json").read_text())
    assert list(document) == [
        "schema",
        "model",
        "optimise",
        "engine",
        "board",
        "firmware",
        "timing",
        "accuracy",
        "parity",
        "memory",
        "provenance",
        "points",
        "forms",
        "budget",
        "kernels",
        "removed_channels",
        "engines",
    ]
    assert document["schema"] == "chipcast.report/1"
    assert list(document["model"]) == [
        "name",
        "sha256",
        "source",
        "macs",
        "parameters",
        "float_bytes",
        "int8_bytes",
        "int8_gzip_bytes",
    ]
    assert list(document["firmware"]) == [
        "build_id",
        "flash_bytes",
        "ram_bytes",
        "arena_bytes",
        "stack_bytes",
        "code_bytes",
        "weights_bytes",
        "compiler",
        "flags",
        "optimise_for",
        "model_stack_bytes",
        "model_stack_kind",
    ]
    assert list(document["timing"]) == [
        "kind",
        "unit",
        "runs",
        "min",
        "median",
        "max",
        "per_layer",
        "p95",
        "warm_up",
        "outliers",
        "outlier_rule",
        "timer_hz",
        "clock_hz",
        "timer_rate",
        "model",
        "timer_source",
        "timer_note",
        "measured_clock_hz",
    ]
    assert document["timing"]["timer_rate"] is document["timing"]["measured_clock_hz"] is None
    assert list(document["parity"]) == [
        "oracle",
        "compared_bytes",
        "mismatched_bytes",
        "first_diverging_layer",
        "divergence",
    ]
    assert document["timing"]["kind"] == "counted"
    assert document["firmware"]["model_stack_kind"] == "static bound"
    assert list(document["memory"]) == [
        "arena_bytes",
        "lower_bound_bytes",
        "state_bytes",
        "buffers",
        "regions",
    ]
    assert document["memory"]["buffers"][0] == {
        "name": "[red]image",
        "offset": 0,
        "bytes": 64,
        "first_layer": 0,
        "last_layer": 0,
        "region": "",
    }
    assert not (tmp_path / "report.json.part").exists()

"""report.json: schema chipcast.report/1.  What is not known is null, never a made-up value."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from pathlib import Path

from toolchain.errors import ConfigError
from toolchain.report.engine_table import engines_as_dict
from toolchain.report.points_table import budget_as_dict, forms_as_dict, points_as_dict
from toolchain.vocabulary.measurement import Accuracy, Timing
from toolchain.vocabulary.report import Provenance, Report

SCHEMA = "chipcast.report/1"


def report_as_dict(report: Report) -> dict[str, object]:
    """The report in the order and under the names of the schema."""
    return {
        "schema": SCHEMA,
        "model": dataclasses.asdict(report.model),
        "optimise": [
            {**dataclasses.asdict(step), "settings": dict(step.settings)} for step in report.optimise
        ],
        "engine": report.engine,
        "board": report.board,
        "firmware": dataclasses.asdict(report.firmware),
        "timing": timing_as_dict(report.timing),
        "accuracy": accuracy_as_dict(report.accuracy),
        "parity": dataclasses.asdict(report.parity),
        "memory": dataclasses.asdict(report.memory),
        "provenance": provenance_as_dict(report.provenance),
        "points": points_as_dict(report.points),
        "forms": forms_as_dict(report.forms),
        "budget": budget_as_dict(report.budget),
        "kernels": [dataclasses.asdict(kernel) for kernel in report.kernels],
        "removed_channels": None if report.removed is None else dataclasses.asdict(report.removed),
        "engines": engines_as_dict(report.engines),
    }


def timing_as_dict(timing: Timing) -> dict[str, object]:
    """Timing with its kind in words, and every layer with its cost of one multiply-accumulate."""
    layers = timing.per_layer
    return {
        **dataclasses.asdict(timing),
        "kind": timing.kind.value,
        "measured_clock_hz": timing.measured_clock_hz,
        "per_layer": None
        if layers is None
        else [{**dataclasses.asdict(layer), "per_mac": layer.per_mac} for layer in layers],
    }


def accuracy_as_dict(accuracy: Accuracy) -> dict[str, object]:
    """Accuracies under the schema's names; intervals are [low, high], at 95 %."""
    return {
        "float": accuracy.float_model,
        "int8_host": accuracy.int8_host,
        "device": accuracy.device,
        "samples": accuracy.samples,
        "int8_host_interval": _pair(accuracy.int8_host_interval),
        "device_interval": _pair(accuracy.device_interval),
    }


def provenance_as_dict(provenance: Provenance | None) -> dict[str, object] | None:
    """Everything the result is bound to."""
    return None if provenance is None else dataclasses.asdict(provenance)


def _pair(interval: tuple[float, float] | None) -> list[float] | None:
    return None if interval is None else list(interval)


def write_json(document: Mapping[str, object], path: Path) -> None:
    """Write a result file whole or not at all.

    Raises:
        ConfigError: it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    text = json.dumps(document, indent=2, allow_nan=False, default=str) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, path)
    except OSError as exc:
        raise ConfigError(f"{path} cannot be written: {exc.strerror}.", "Choose another place.") from exc


def write_report(report: Report, path: Path) -> None:
    """Write report.json whole or not at all."""
    write_json(report_as_dict(report), path)

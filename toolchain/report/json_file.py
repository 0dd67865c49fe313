"""report.json: schema chipcast.report/1.  What is not known is null, never a made-up value."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

from toolchain.vocabulary.measurement import Accuracy, Timing
from toolchain.vocabulary.report import Report

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
    }


def timing_as_dict(timing: Timing) -> dict[str, object]:
    """Timing with its kind in words."""
    return {**dataclasses.asdict(timing), "kind": timing.kind.value}


def accuracy_as_dict(accuracy: Accuracy) -> dict[str, object]:
    """Accuracies under the schema's names."""
    return {
        "float": accuracy.float_model,
        "int8_host": accuracy.int8_host,
        "device": accuracy.device,
        "samples": accuracy.samples,
    }


def write_report(report: Report, path: Path) -> None:
    """Write report.json whole or not at all."""
    temporary = path.with_name(path.name + ".part")
    text = json.dumps(report_as_dict(report), indent=2, allow_nan=False) + "\n"
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)

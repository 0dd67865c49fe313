"""report.json: schema chipcast.report/1.  What is not known is null, never a made-up value."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

from toolchain.vocabulary.report import Report

SCHEMA = "chipcast.report/1"


def report_as_dict(report: Report) -> dict[str, object]:
    """The report in the order and under the names of the schema."""
    accuracy = dataclasses.asdict(report.accuracy)
    timing = dataclasses.asdict(report.timing)
    timing["kind"] = report.timing.kind.value
    return {
        "schema": SCHEMA,
        "model": dataclasses.asdict(report.model),
        "optimise": [{**dataclasses.asdict(step), "settings": dict(step.settings)} for step in report.optimise],
        "engine": report.engine,
        "board": report.board,
        "firmware": dataclasses.asdict(report.firmware),
        "timing": timing,
        "accuracy": {
            "float": accuracy["float_model"],
            "int8_host": accuracy["int8_host"],
            "device": accuracy["device"],
            "samples": accuracy["samples"],
        },
        "parity": dataclasses.asdict(report.parity),
    }


def write_report(report: Report, path: Path) -> None:
    """Write report.json whole or not at all."""
    temporary = path.with_name(path.name + ".part")
    text = json.dumps(report_as_dict(report), indent=2, allow_nan=False) + "\n"
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)

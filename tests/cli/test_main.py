"""The command line as a person meets it: help, wrong options, wrong files; never a traceback."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
import typer
from rich.text import Text

from toolchain import errors
from toolchain.cli.console import StageDisplay
from toolchain.cli.main import app
from toolchain.cli.options import KEYS
from toolchain.config import DeployConfig
from toolchain.vocabulary.settings import Settings

VERBS = (
    "deploy",
    "optimise",
    "inspect",
    "build",
    "flash",
    "measure",
    "simulate",
    "verify",
    "boards",
    "devices",
    "doctor",
)


def chipcast(
    *words: str | Path, env: dict[str, str] | None = None, timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """The real command, 80 columns wide, no colour."""
    return subprocess.run(
        [sys.executable, "-m", "toolchain", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        env={**os.environ, "COLUMNS": "80", "NO_COLOR": "1", **(env or {})},
    )


def refused(code: int, *words: str | Path, env: dict[str, str] | None = None) -> str:
    """stderr of a call that must end with `code`, a sentence and a next action."""
    done = chipcast(*words, env=env)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    if not done.stderr.startswith("Usage"):
        lines = done.stderr.strip().splitlines()
        assert lines[-2].startswith("chipcast: "), done.stderr
        assert lines[-1].startswith("          "), done.stderr
    return done.stderr


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_an_example(verb: str) -> None:
    done = chipcast(verb, "--help")
    assert done.returncode == 0
    assert f"chipcast {verb}" in done.stdout
    assert "Examples" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_help_shows_every_default_it_tells() -> None:
    """What stands in brackets is markup to rich, and vanishes, unless it is escaped."""
    group = typer.main.get_command(app)
    told = [
        parameter.help
        for command in group.commands.values()  # type: ignore[attr-defined]
        for parameter in command.params
        if getattr(parameter, "help", None)
    ]
    assert len(told) > 40
    for text in told:
        assert Text.from_markup(text).plain == text.replace("\\[", "["), text


def test_help_needs_nothing_heavy() -> None:
    script = (
        "import sys\n"
        "import toolchain.cli.main\n"
        "heavy = {'tensorflow', 'numpy', 'platformio', 'tflite_micro', 'jinja2'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_a_long_stage_tells_a_log_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    now = iter(range(0, 1000, 12))
    monkeypatch.setattr("toolchain.cli.console.time.monotonic", lambda: float(next(now)))
    with StageDisplay() as display:
        display.started("measure")
        for done in range(1, 9):
            display.progress(done / 10, f"{done} of 10 inferences")
    lines = capfd.readouterr().err.splitlines()
    assert lines[0] == "measure: 30 %, 3 of 10 inferences"
    assert len(lines) == 2


def test_version() -> None:
    assert re.fullmatch(r"chipcast \d+\.\d+\.\d+\n", chipcast("--version").stdout)


@pytest.mark.parametrize(
    "words",
    [["deplyo"], ["deploy"], ["deploy", "--nonsense"], ["deploy", "x.tflite", "--samples", "many"]],
)
def test_a_wrong_option_is_a_usage_error(words: list[str]) -> None:
    done = chipcast(*words)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_exit_codes_are_distinct() -> None:
    classes = [
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, errors.ChipcastError)
    ]
    codes = [each.exit_code for each in classes]
    assert len(codes) == len(set(codes))
    assert not {0, 2, 70, 130, 143} & set(codes)
    listed = dict(re.findall(r"(\w+Error) +(\d+)\b", errors.__doc__ or ""))
    assert {
        each.__name__: str(each.exit_code) for each in classes if each is not errors.ChipcastError
    } == listed


def test_a_missing_model() -> None:
    assert "does not exist" in refused(10, "deploy", "nowhere.keras")


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"\x1c\x00\x00\x00TFL3", b"\x1c\x00\x00\x00TFL3" + b"\xff" * 500]
)
def test_a_file_that_is_no_model(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "model.tflite"
    file.write_bytes(content)
    refused(11, "deploy", file, "--out", tmp_path / "out")
    assert not (tmp_path / "out" / "model.tflite").exists()


def test_a_conversion_of_what_is_converted_already(tmp_path: Path) -> None:
    file = tmp_path / "model.tflite"
    file.write_bytes(b"\x1c\x00\x00\x00TFL3" + bytes(40))
    text = refused(11, "deploy", file, "--activations", "int16", "--out", tmp_path / "out")
    assert "activations cannot change it" in text


def test_an_unknown_board_names_the_near_ones(tmp_path: Path) -> None:
    file = tmp_path / "model.tflite"
    file.write_bytes(b"x")
    assert "sim_cortex_m4" in refused(16, "deploy", file, "--board", "sim_cortex_m5")
    refused(16, "boards", "sim_cortex_m5")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--step", "prune sparsty=0.5"], "sparsty"),
        (["--step", "prune sparsity=1.5"], "sparsity"),
        (["--step", "sparsity=0.5"], "name of a step"),
        (["--step", "prune", "--step", "shrink"], "optimise.1"),
        (["--prune", "2.0"], "sparsity"),
    ],
)
def test_a_wrong_step_is_named(tmp_path: Path, words: list[str], named: str) -> None:
    file = tmp_path / "model.tflite"
    file.write_bytes(b"x")
    assert named in refused(10, "deploy", file, *words)


@pytest.mark.parametrize("verb", ["build", "flash", "measure"])
def test_a_folder_that_is_no_project(tmp_path: Path, verb: str) -> None:
    text = refused(11 if verb == "build" else 10, verb, tmp_path)
    assert str(tmp_path.name) in text.replace("\n", "")


def test_boards_as_a_table_and_as_json() -> None:
    table = chipcast("boards").stdout
    assert "sim_cortex_m4" in table
    assert max(map(len, table.splitlines())) <= 100
    boards = json.loads(chipcast("boards", "--json").stdout)
    assert {"host", "sim_cortex_m4"} <= {board["id"] for board in boards}
    one = json.loads(chipcast("boards", "host", "--json").stdout)
    assert one["timer"]["kind"] == "host"


def test_doctor_finds_what_these_tests_need() -> None:
    done = chipcast("doctor", "--json")
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert checks["platformio"]["found"]
    assert checks["cc"]["found"]
    missing = [check for check in checks.values() if check["found"] is None and not check["optional"]]
    assert done.returncode == (20 if missing else 0)


def test_doctor_says_how_to_install_what_is_missing(tmp_path: Path) -> None:
    done = chipcast("doctor", "--json", env={"PATH": str(tmp_path)})
    assert done.returncode == 20
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert checks["qemu-system-arm"]["found"] is None
    assert checks["qemu-system-arm"]["mend"] == "sudo apt-get install qemu-system-arm"


def test_a_reader_that_leaves_early_is_no_error() -> None:
    command = f"{sys.executable} -m toolchain boards --json | head -n 1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "[\n"
    assert done.stderr == ""


def keys_of(settings: type[Settings]) -> Iterator[str]:
    """Every key of a section, dotted, those of its own sections too."""
    for name, field in settings.model_fields.items():
        inner = [kind for kind in (field.annotation, *get_args(field.annotation)) if isinstance(kind, type)]
        sections = [kind for kind in inner if issubclass(kind, Settings)]
        for section in sections:
            yield from (f"{name}.{key}" for key in keys_of(section))
        if not sections:
            yield name


def test_every_key_of_deploy_toml_is_an_option_too() -> None:
    elsewhere = {"model.path", "boards_folder"}  # SOURCE, and where the file lies
    assert set(keys_of(DeployConfig)) - elsewhere == set(KEYS.values())
    text = chipcast("deploy", "--help", env={"COLUMNS": "200"}).stdout
    assert [name for name in KEYS if f"--{name.replace('_', '-')} " not in text] == []

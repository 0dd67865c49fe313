"""Options become what deploy.toml says, steps among them."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolchain.cli.options import KEYS, configuration, overrides_of
from toolchain.cli.step_option import parse_step
from toolchain.errors import ConfigError


def test_options_are_nested_as_the_file_is() -> None:
    options = dict.fromkeys(KEYS) | {"board": "host", "samples": 3, "timeout": 0.5, "prune": 0.5}
    options["step"] = ["prune sparsity=0.8 epochs=2"]
    assert overrides_of(**options) == {
        "board": "host",
        "measure": {"samples": 3, "timeout_seconds": 0.5},
        "optimise": [
            {"step": "prune", "sparsity": 0.5},
            {"step": "prune", "sparsity": 0.8, "epochs": 2},
        ],
    }
    assert overrides_of(**dict.fromkeys(KEYS)) == {}


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("prune", {"step": "prune"}),
        ("prune sparsity=0.6 epochs=5", {"step": "prune", "sparsity": 0.6, "epochs": 5}),
        ("a exact=true ratio=-1e-3", {"step": "a", "exact": True, "ratio": -1e-3}),
        ("a block=1,4 layers=[conv1]", {"step": "a", "block": [1, 4], "layers": ["conv1"]}),
        ("a layers=[conv1,conv2] none=[]", {"step": "a", "layers": ["conv1", "conv2"], "none": []}),
        ("a 'name=two words'", {"step": "a", "name": "two words"}),
        ("a path=../big.keras x=", {"step": "a", "path": "../big.keras", "x": ""}),
        (
            "a distil.teacher=big.keras distil.temperature=4.0",
            {"step": "a", "distil": {"teacher": "big.keras", "temperature": 4.0}},
        ),
    ],
)
def test_a_step_is_the_table_the_file_would_hold(text: str, step: dict[str, object]) -> None:
    assert parse_step(text) == step


@pytest.mark.parametrize(
    "text",
    ["", "  ", "epochs=3", "a b", "a =3", "a 'open", "a x=1 x=2", "a x=1 x.y=2", "a x.y=2 x=1", "a .x=1"],
)
def test_what_is_no_step_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="prune sparsity"):
        parse_step(text)


@given(st.text())
def test_any_text_is_a_step_or_a_clear_refusal(text: str) -> None:
    with suppress(ConfigError):
        assert parse_step(text)["step"]


def test_a_library_for_an_engine_that_is_not_chosen_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.tflite").touch()
    library = {"tflm": {"library": "owner/name"}}
    with pytest.raises(ConfigError, match="engine tflm, which is not chosen"):
        configuration(tmp_path / "model.tflite", {"engine": library})
    chosen = configuration(tmp_path / "model.tflite", {"engine": {"use": "tflm", **library}})
    assert chosen.engine.tflm.library == "owner/name"

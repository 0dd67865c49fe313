from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolchain.config import DEFAULT_BOARD, config_from, load_config
from toolchain.errors import ConfigError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "model.keras").write_bytes(b"x")
    (tmp_path / "data.npz").write_bytes(b"x")
    return tmp_path


def write(folder: Path, text: str) -> Path:
    file = folder / "deploy.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_paths_are_relative_to_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    config = load_config(write(folder, '[model]\npath = "model.keras"\n[data]\npath = "data.npz"\n'))
    assert config.model.path == folder / "model.keras"
    assert config.data is not None
    assert config.data.path == folder / "data.npz"
    assert (config.board, config.name) == (DEFAULT_BOARD, "model")


def test_options_win_over_the_file(folder: Path) -> None:
    file = write(folder, 'board = "host"\nseed = 3\n[model]\npath = "model.keras"\n')
    config = load_config(file, {"board": "sim_cortex_m4", "measure": {"samples": 5}})
    assert (config.board, config.seed, config.measure.samples) == ("sim_cortex_m4", 3, 5)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('borad = "host"\n[model]\npath = "model.keras"', "borad"),
        ('[model]\npath = "model.keras"\n[measure]\nsample = 3', "measure.sample"),
        ('[model]\npath = "model.keras"\n[measure]\nsamples = "3"', "measure.samples"),
        ('[model]\npath = "model.keras"\n[[optimise]]\nstep = "prune"\nsparsity = 1.5', "sparsity"),
        ('[model]\npath = "model.keras"\n[[optimise]]\nstep = "shrink"', "optimise"),
        ('engine = "magic"\n[model]\npath = "model.keras"', "engine"),
        ("seed = 1", "model"),
    ],
)
def test_a_wrong_key_is_named(folder: Path, text: str, named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        load_config(write(folder, text))


ENGINES = {
    "": ("aot",),
    'engine = "tflm"': ("tflm",),
    'engine = ["tflm", "aot"]': ("tflm", "aot"),
    '[engine]\nuse = "aot"\n[engine.tflm]\nlibrary = "owner/name@^1"': ("aot",),
    '[engine.tflm]\nlibrary = "owner/name@^1"': ("tflm",),
}


@pytest.mark.parametrize("text", ENGINES)
def test_engines_are_a_name_a_list_or_a_table(folder: Path, text: str) -> None:
    file = write(folder, f'{text}\n[model]\npath = "model.keras"')
    config = load_config(file)
    assert config.engine.use == ENGINES[text]
    assert config.engine.tflm.library == ("owner/name@^1" if "library" in text else None)
    over = load_config(file, {"engine": {"use": "aot, tflm", "tflm": {"library": "other"}}})
    assert (over.engine.use, over.engine.tflm.library) == (("aot", "tflm"), "other")


@pytest.mark.parametrize("engine", ['"aot,aot"', '""', "[]", "3", '"aot,magic"', "{ tflm = { libary = 1 } }"])
def test_engines_that_are_none_are_refused(folder: Path, engine: str) -> None:
    with pytest.raises(ConfigError, match="engine"):
        load_config(write(folder, f'engine = {engine}\n[model]\npath = "model.keras"'))


def test_a_library_that_is_a_folder_lies_beside_the_file(folder: Path) -> None:
    (folder / "tflm").mkdir()
    for written in ("tflm", "./tflm"):
        text = f'[engine.tflm]\nlibrary = "{written}"\n[model]\npath = "model.keras"'
        assert load_config(write(folder, text)).engine.tflm.library == str(folder / "tflm")


@pytest.mark.parametrize("text", ["[model", "\x00", "a = 1\na = 2"])
def test_what_is_no_toml_is_said_so(folder: Path, text: str) -> None:
    with pytest.raises(ConfigError, match="not valid TOML"):
        load_config(write(folder, text))


def test_bytes_that_are_no_text(folder: Path) -> None:
    file = folder / "deploy.toml"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not valid TOML"):
        load_config(file)


def test_missing_files_are_named(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"deploy\.toml cannot be read"):
        load_config(folder / "deploy.toml")
    with pytest.raises(ConfigError, match=r"model .*other\.keras does not exist"):
        config_from({"model": {"path": folder / "other.keras"}})
    with pytest.raises(ConfigError, match=r"data set .*other\.npz does not exist"):
        config_from({"model": {"path": folder / "model.keras"}, "data": {"path": folder / "other.npz"}})


@given(st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.dictionaries(st.text(), inner)))
def test_any_value_is_a_configuration_or_a_clear_refusal(value: object) -> None:
    values = value if isinstance(value, dict) else {"model": value}
    with pytest.raises(ConfigError):
        config_from(values)

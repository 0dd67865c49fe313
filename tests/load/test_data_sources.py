"""Every kind of data comes out as the same samples; whatever is wrong with it is refused by name."""

from __future__ import annotations

import textwrap
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolchain.config import config_from, load_config
from toolchain.errors import ConfigError, DataError
from toolchain.load.dataset import load_data
from toolchain.load.wav_file import _integers
from toolchain.pipeline.data_hash import data_key
from toolchain.pipeline.measure import MeasureOptions, _data
from toolchain.vocabulary.data import DataSet
from toolchain.vocabulary.data_settings import DataSettings

X = np.arange(24, dtype=np.float32).reshape(6, 4)
Y = np.array([0, 1, 2, 0, 1, 2])


def load(path: Path, *, split: bool = False, **settings: Any) -> DataSet:
    return load_data(DataSettings(path=path, **settings), split=split)


def test_a_pair_of_npy_files_and_a_folder_of_them(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "labels.npy", Y)
    data = load(tmp_path / "x.npy", labels="labels.npy")
    np.testing.assert_array_equal(data.test.inputs, X)
    np.testing.assert_array_equal(np.asarray(data.test.labels), Y)
    assert load(tmp_path / "x.npy").test.labels is None
    values = load(tmp_path / "x.npy", values="labels.npy").test
    assert values.labels is None
    np.testing.assert_array_equal(np.asarray(values.values), Y[:, np.newaxis])
    folder = tmp_path / "parts"
    folder.mkdir()
    for name, array in (("x_train", X), ("y_train", Y), ("x_test", X[:2]), ("y_test", Y[:2])):
        np.save(folder / f"{name}.npy", array)
    parts = load(folder)
    assert parts.train is not None
    assert (len(parts.train), len(parts.test)) == (6, 2)

    with pytest.raises(DataError, match=r"none\.npy does not exist"):
        load(tmp_path / "x.npy", labels="none.npy")
    (tmp_path / "text.npy").write_bytes(b"no array")
    with pytest.raises(DataError, match=r"text\.npy is no \.npy file"):
        load(tmp_path / "text.npy")
    np.save(tmp_path / "objects.npy", np.array([{}]), allow_pickle=True)
    with pytest.raises(DataError, match="not hold numbers but object"):
        load(tmp_path / "objects.npy")
    whole = (tmp_path / "x.npy").read_bytes()
    (tmp_path / "short.npy").write_bytes(whole[:-1])
    with pytest.raises(DataError, match="is damaged"):
        load(tmp_path / "short.npy")


def test_a_label_file_that_changes_changes_the_stage(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "y.npy", Y)
    settings = DataSettings(path=tmp_path / "x.npy", labels="y.npy")
    before = data_key(settings)
    np.save(tmp_path / "y.npy", Y[::-1])
    assert data_key(settings) != before


def csv(folder: Path, text: str) -> Path:
    path = folder / "data.csv"
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return path


def test_csv_with_names(tmp_path: Path) -> None:
    path = csv(tmp_path, "a;Label;b\n1;up;2.5\n-3e1;down;4\n\n5;up;6\n")
    data = load(path).test
    np.testing.assert_array_equal(data.inputs, np.array([[1, 2.5], [-30, 4], [5, 6]], np.float32))
    np.testing.assert_array_equal(np.asarray(data.labels), [1, 0, 1])
    np.testing.assert_array_equal(np.asarray(load(path, classes=("up", "down")).test.labels), [0, 1, 0])
    only = load(path, inputs=("b",), labels="Label").test
    assert only.inputs.shape == (3, 1)
    np.testing.assert_array_equal(
        np.asarray(load(path, values="b", inputs="a").test.values)[:, 0], [2.5, 4, 6]
    )


def test_csv_without_names(tmp_path: Path) -> None:
    path = csv(tmp_path, "1,2,0\n3,4,1\n")
    assert load(path).test.inputs.shape == (2, 3)
    data = load(path, labels="2").test
    np.testing.assert_array_equal(data.inputs, [[1, 2], [3, 4]])
    np.testing.assert_array_equal(np.asarray(data.labels), [0, 1])


@pytest.mark.parametrize(
    ("text", "settings", "words"),
    [
        ("", {}, "is empty"),
        ("a,b\n", {}, "no rows"),
        ("a,a\n1,2\n", {}, "names a column twice"),
        ("a,b\n1,2,3\n", {}, "Line 2 .* has 3 columns instead of 2"),
        ("a,b\n1,2\n1,x\n", {}, "Line 3 .* has 'x' in the column 'b'"),
        ("a,b\n1,nan\n", {}, "Line 2 .* no finite number"),
        ("y,label,a\n1,2,3\n", {}, "each of which could be the labels"),
        ("a,b\n1,2\n", {"labels": "c"}, "no column 'c'"),
        ("a,y\n1,0.5\n", {}, "no integers"),
        ("a,y\n1,up\n", {"values": "y"}, "holds 'up', which is no number"),
        ("a,y\n1,up\n", {"classes": ("down",)}, "holds 'up', which is none of the classes"),
        ('a,b\n"1,2\n', {}, "no CSV file"),
    ],
)
def test_what_is_wrong_with_a_csv_file_is_said(
    tmp_path: Path, text: str, settings: dict[str, Any], words: str
) -> None:
    with pytest.raises(DataError, match=words):
        load(csv(tmp_path, text), **settings)
    (tmp_path / "binary.csv").write_bytes(b"a,b\n\xff\xfe,1\n")
    with pytest.raises(DataError, match="no CSV file in UTF-8"):
        load(tmp_path / "binary.csv")


def image(path: Path, pixels: npt.NDArray[np.uint8]) -> None:
    images = pytest.importorskip("PIL.Image")
    path.parent.mkdir(parents=True, exist_ok=True)
    images.fromarray(pixels).save(path)


def test_a_folder_of_images_a_class(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (6, 5, 4), dtype=np.uint8)
    for number, (label, one) in enumerate(zip(Y, pixels, strict=True)):
        image(tmp_path / "all" / f"class{label}" / f"{number}.png", one)
    (tmp_path / "all" / ".DS_Store").write_bytes(b"")
    data = load(tmp_path / "all").test
    np.testing.assert_array_equal(np.asarray(data.labels), [0, 0, 1, 1, 2, 2])
    np.testing.assert_array_equal(data.inputs, pixels[[0, 3, 1, 4, 2, 5]].astype(np.float32))
    scaled = load(tmp_path / "all", scale=1 / 255).test
    np.testing.assert_allclose(
        scaled.inputs.astype(np.float32), data.inputs.astype(np.float32) / 255, rtol=1e-6
    )
    turned = load(tmp_path / "all", classes=("class2", "class0", "class1")).test
    np.testing.assert_array_equal(np.asarray(turned.labels), [0, 0, 1, 1, 2, 2])
    np.testing.assert_array_equal(turned.inputs[:2], pixels[[2, 5]])
    with pytest.raises(DataError, match="class2 is none of the classes class0, class1"):
        load(tmp_path / "all", classes=("class0", "class1"))
    (tmp_path / "all" / "class1" / "notes.txt").write_text("x")
    with pytest.raises(DataError, match=r"notes\.txt is no image file"):
        load(tmp_path / "all")

    colour = random.integers(0, 256, (3, 2, 2, 3), dtype=np.uint8)
    for part, one in (("train", colour[0]), ("train", colour[1]), ("test", colour[2])):
        image(tmp_path / "parts" / part / "b" / f"{one.sum()}.png", one)
    parts = load(tmp_path / "parts")
    assert parts.train is not None
    assert parts.train.inputs.shape == (2, 2, 2, 3)
    np.testing.assert_array_equal(parts.test.inputs[0], colour[2])

    image(tmp_path / "alone" / "1.png", pixels[0])
    assert load(tmp_path / "alone").test.labels is None
    image(tmp_path / "alone" / "2.png", pixels[0, :2])
    with pytest.raises(DataError, match=r"2\.png has the shape \(2, 4\), but 1\.png has \(5, 4\)"):
        load(tmp_path / "alone")
    image(tmp_path / "clear" / "1.png", np.zeros((2, 2, 4), np.uint8))
    with pytest.raises(DataError, match="mode RGBA"):
        load(tmp_path / "clear")
    (tmp_path / "clear" / "1.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    with pytest.raises(DataError, match="cannot be read as an image"):
        load(tmp_path / "clear")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no images and no WAV files"):
        load(tmp_path / "empty")


def sound(path: Path, raw: bytes, width: int = 2, channels: int = 1) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(16_000)
        file.writeframes(raw)


def test_a_folder_of_sounds(tmp_path: Path) -> None:
    values = np.array([0, 1, -1, 32767, -32768, 256], "<i2")
    sound(tmp_path / "a" / "no" / "1.wav", values.tobytes())
    sound(tmp_path / "a" / "yes" / "1.wav", values[::-1].tobytes())
    data = load(tmp_path / "a").test
    np.testing.assert_array_equal(data.inputs[0] * 32768, values)
    np.testing.assert_array_equal(np.asarray(data.labels), [0, 1])
    sound(tmp_path / "b" / "1.wav", values.tobytes(), channels=2)
    assert load(tmp_path / "b").test.inputs.shape == (1, 3, 2)
    sound(tmp_path / "c" / "1.wav", bytes([0, 128, 255]), width=1)
    np.testing.assert_array_equal(load(tmp_path / "c").test.inputs[0] * 128, [-128, 0, 127])
    whole = (tmp_path / "b" / "1.wav").read_bytes()
    (tmp_path / "b" / "1.wav").write_bytes(whole[:20])
    with pytest.raises(DataError, match="cannot be read as a WAV file"):
        load(tmp_path / "b")
    (tmp_path / "b" / "1.wav").write_bytes(whole[:44])
    with pytest.raises(DataError, match="cut short, or empty"):
        load(tmp_path / "b")
    (tmp_path / "c" / "2.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"2\.png is no sound file"):
        load(tmp_path / "c")


@given(st.sampled_from([1, 2, 3, 4]), st.lists(st.floats(-1, 0.999), min_size=1))
def test_integers_of_every_width(width: int, shares: list[float]) -> None:
    numbers = [int(share * (1 << (8 * width - 1))) for share in shares]
    stored = [number + (128 if width == 1 else 0) for number in numbers]
    raw = b"".join(number.to_bytes(width, "little", signed=width > 1) for number in stored)
    assert _integers(raw, width).tolist() == numbers


@pytest.fixture
def module(tmp_path: Path) -> Callable[[str], Path]:
    def write(body: str) -> Path:
        text = "import numpy as np\nX = np.arange(24.0).reshape(6, 4)\nY = np.arange(6) % 3\n"
        (tmp_path / "neighbour.py").write_text("TEN = 10.0\n", encoding="utf-8")
        (tmp_path / "source.py").write_text(text + textwrap.dedent(body), encoding="utf-8")
        return tmp_path / "source:load"

    return write


@pytest.mark.parametrize(
    ("body", "sizes"),
    [
        ("def load(): return X, Y", (None, 6)),
        ("def load(): return {'x': X, 'y': Y}", (None, 6)),
        ("def load(): return (X, Y), (X[:2], Y[:2])", (6, 2)),
        ("def load():\n    print('noise')\n    return {'x_train': X, 'x_test': X[:1]}", (6, 1)),
        ("from neighbour import TEN\ndef load(): return X * TEN", (None, 6)),
    ],
)
def test_a_function_of_the_users_own(
    module: Callable[[str], Path],
    body: str,
    sizes: tuple[int | None, int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    data = load(module(body))
    assert (None if data.train is None else len(data.train), len(data.test)) == sizes
    assert data.test.inputs.dtype == np.float32
    assert len(data.sha256) == 64
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("def load(): return X, Y, X", "a tuple of 3"),
        ("def load(): return 'text'", "no array of numbers"),
        ("def load(): return 1 / 0", r"source\.py, line 4: ZeroDivisionError: division by zero"),
        ("def load(): return X, Y[:3]", "holds 6 samples, but 'y' holds 3"),
    ],
)
def test_what_a_function_does_wrong_is_said(module: Callable[[str], Path], body: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        load(module(body))


def test_a_module_that_is_wrong_is_a_wrong_configuration(module: Callable[[str], Path]) -> None:
    with pytest.raises(ConfigError, match="no function 'load'"):
        load(module("pass"))
    reference = module("raise KeyError('x')")
    with pytest.raises(ConfigError, match=r"source\.py, line 4: KeyError"):
        load(reference.with_name("source.py:load"))
    with pytest.raises(ConfigError, match="no Python module"):
        load(reference.with_name("nowhere:load"))


def test_references_in_deploy_toml_are_relative_to_it(tmp_path: Path, module: Callable[[str], Path]) -> None:
    module("def load(): return X, Y\ndef best(expected, outputs): return 0.5\n")
    (tmp_path / "model.keras").write_bytes(b"x")
    file = tmp_path / "deploy.toml"
    text = 'metric = "source:best"\n[model]\npath = "model.keras"\n[data]\npath = "source.py:load"\n'
    file.write_text(text, encoding="utf-8")
    config = load_config(file)
    assert config.data is not None
    assert len(load_data(config.data).test) == 6
    assert config.metric == str(tmp_path / "source:best")
    model = {"path": tmp_path / "model.keras"}
    with pytest.raises(ConfigError, match="no metric 'precision'"):
        config_from({"model": model, "metric": "precision"})
    with pytest.raises(ConfigError, match="no Python module"):
        config_from({"model": model, "metric": "nowhere:best"})


def test_a_verb_without_deploy_toml_can_say_the_same(tmp_path: Path) -> None:
    path = csv(tmp_path, "a,b,y\n1,2,up\n3,4,down\n")
    data = _data(MeasureOptions(data=path, inputs="b", labels="y", classes=("up", "down"), scale=0.5))
    assert data is not None
    samples = load_data(data).test
    np.testing.assert_array_equal(samples.inputs, [[1], [2]])
    np.testing.assert_array_equal(np.asarray(samples.labels), [0, 1])
    with pytest.raises(ConfigError, match="scale"):
        _data(MeasureOptions(data=path, scale=-1.0))
    assert _data(MeasureOptions()) is None


@pytest.mark.slow
def test_a_tensorflow_dataset(module: Callable[[str], Path]) -> None:
    body = """
        import tensorflow as tf
        def pairs(batch=None, rest=False):
            data = tf.data.Dataset.from_tensor_slices((X, Y))
            return data.batch(batch, drop_remainder=rest) if batch else data
        def load(): return pairs()
        def batched(): return pairs(4)
        def static(): return pairs(3, True)
        def parts(): return pairs(4), pairs(2)
        def alone(): return tf.data.Dataset.from_tensor_slices(X)
        def several(): return tf.data.Dataset.from_tensor_slices(((X[:, :2], X[:, 2:]), Y)).batch(4)
        def endless(): return pairs().repeat()
        def empty(): return pairs().take(0)
    """
    path = module(body)
    for name in ("load", "batched", "static", "parts"):
        data = load(path.with_name(f"source:{name}"))
        np.testing.assert_array_equal(data.test.inputs, X)
        np.testing.assert_array_equal(np.asarray(data.test.labels), Y)
        assert (data.train is not None) == (name == "parts")
    assert load(path.with_name("source:alone")).test.labels is None
    several = load(path.with_name("source:several"), split=True)
    assert several.train is not None
    assert [array.shape[1:] for array in several.train.all_inputs] == [(2,), (2,)]
    assert len(several.train) == len(several.train.more_inputs[0]) == 4
    with pytest.raises(DataError, match="has no end"):
        load(path.with_name("source:endless"))
    with pytest.raises(DataError, match="is empty"):
        load(path.with_name("source:empty"))


def test_several_inputs_by_name(tmp_path: Path) -> None:
    np.savez(tmp_path / "one.npz", left=X, right=X[:, :2], y=Y)
    data = load(tmp_path / "one.npz", inputs=("left", "right"), labels="y", split=True)
    assert data.train is not None
    assert [array.shape for array in data.test.all_inputs] == [(2, 4), (2, 2)]
    np.testing.assert_array_equal(data.test.inputs[:, :2], data.test.more_inputs[0])
    np.savez(tmp_path / "two.npz", a_train=X, b_train=X, a_test=X[:1], b_test=X[:1], y_train=Y, y_test=Y[:1])
    parts = load(tmp_path / "two.npz", inputs=("a", "b"), labels="y")
    assert parts.train is not None
    assert (len(parts.train), len(parts.test)) == (6, 1)
    np.savez(tmp_path / "bad.npz", left=X, right=X[:3])
    with pytest.raises(DataError, match="'left' holds 6 samples, but 'right' holds 3"):
        load(tmp_path / "bad.npz", inputs=("left", "right"))

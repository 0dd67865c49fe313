from __future__ import annotations

import hashlib
import io
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from toolchain.errors import DataError
from toolchain.load import dataset
from toolchain.load.fit_data import fit_data, fit_inputs, fit_labels, real_values
from toolchain.load.input_bytes import random_inputs
from toolchain.load.npz_file import MOST_BYTES
from toolchain.vocabulary.data import DataSet, Samples
from toolchain.vocabulary.data_settings import DataSettings

Save = Callable[..., Path]


def load_data(path: Path, *, split: bool = False, seed: int = 0, **settings: Any) -> DataSet:
    return dataset.load_data(DataSettings(path=path, **settings), split=split, seed=seed)


@pytest.fixture
def save(tmp_path: Path) -> Save:
    def write(**arrays: Any) -> Path:
        path = tmp_path / "data.npz"
        np.savez_compressed(path, **arrays)
        return path

    return write


X = np.arange(24, dtype=np.float32).reshape(6, 4)
Y = np.array([0, 1, 2, 0, 1, 2])


def npy(array: np.ndarray[Any, Any]) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array, allow_pickle=True)
    return file.getvalue()


def test_two_parts_stay_as_they_are(save: Save) -> None:
    path = save(x_train=X, y_train=Y, x_test=X[:2] + 100, y_test=Y[:2])
    for split in (False, True):
        data = load_data(path, split=split)
        assert data.train is not None
        assert data.train.labels is not None
        np.testing.assert_array_equal(data.train.inputs, X)
        np.testing.assert_array_equal(data.train.labels, Y)
        np.testing.assert_array_equal(data.test.inputs, X[:2] + 100)
    assert data.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert data.source == path


@pytest.mark.parametrize(
    "names", [("x", "y"), ("features", "labels"), ("inputs", "labels"), ("data", "target")]
)
def test_one_part_by_its_usual_names_is_all_test(save: Save, names: tuple[str, str]) -> None:
    data = load_data(save(**{names[0]: X, names[1].upper(): Y}))
    assert data.train is None
    np.testing.assert_array_equal(data.test.inputs, X)
    assert data.test.labels is not None
    assert data.test.labels.dtype == np.int64


def test_arrays_can_be_named(save: Save) -> None:
    data = load_data(save(a=X, b=Y, x=X[:1]), inputs="a", labels="b")
    np.testing.assert_array_equal(data.test.inputs, X)
    assert load_data(data.source, inputs="a").test.labels is None


def test_a_split_is_disjoint_complete_and_repeats(save: Save) -> None:
    inputs = np.arange(100, dtype=np.float32).reshape(100, 1)
    path = save(x=inputs, y=np.arange(100))
    first = load_data(path, split=True, test_fraction=0.3, seed=5)
    again = load_data(path, split=True, test_fraction=0.3, seed=5)
    other = load_data(path, split=True, test_fraction=0.3, seed=6)
    assert first.train is not None
    assert (len(first.train), len(first.test)) == (70, 30)
    both = np.concatenate([first.train.inputs, first.test.inputs]).ravel()
    np.testing.assert_array_equal(np.sort(both), inputs.ravel())
    np.testing.assert_array_equal(first.test.inputs.ravel(), first.test.labels)
    np.testing.assert_array_equal(first.test.inputs, again.test.inputs)
    assert not np.array_equal(first.test.inputs, other.test.inputs)


def test_labels_may_be_one_hot_or_a_column_or_whole_floats(save: Save) -> None:
    for labels in (np.eye(3)[Y], np.eye(3, dtype=bool)[Y], Y[:, np.newaxis], Y.astype(np.float64)):
        got = load_data(save(x=X, y=labels)).test.labels
        np.testing.assert_array_equal(np.asarray(got), Y)


def test_real_values_become_float32_and_integers_keep_their_type(save: Save) -> None:
    assert load_data(save(x=X.astype(">f8"))).test.inputs.dtype == np.float32
    assert load_data(save(x=X.astype(np.float16))).test.inputs.dtype == np.float32
    big_endian = load_data(save(x=X.astype(">i2"))).test.inputs
    assert big_endian.dtype == np.dtype("=i2")
    np.testing.assert_array_equal(big_endian, X)
    np.testing.assert_array_equal(load_data(save(x=np.asfortranarray(X))).test.inputs, X)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"x": X, "y": Y[:5]}, "6 samples.*'y' holds 5"),
        ({"x": X, "y": Y - 1}, "from -1 to 1"),
        ({"x": X, "y": Y + 0.5}, "no integers"),
        ({"x": X, "y": Y * np.nan}, "no integers"),
        ({"x": X, "y": np.ones((6, 3))}, "not one-hot"),
        ({"x": X, "y": np.ones((6, 3, 2))}, "which labels cannot have"),
        ({"x": X[:0], "y": Y[:0]}, "no samples"),
        ({"x": Y, "y": Y}, "no samples"),
        ({"x": np.where(X == 7, np.nan, X), "y": Y}, r"not finite.*sample 1"),
        ({"x": np.where(X == 7, np.inf, X), "y": Y}, "not finite"),
        ({"x": np.where(X == 7, 1e300, X.astype(np.float64)), "y": Y}, "not finite as a float32"),
        ({"x": X * 1j, "y": Y}, "does not hold numbers but complex64"),
        ({"x": X.astype("U"), "y": Y}, "does not hold numbers"),
        ({"x": X.astype(object), "y": Y}, "does not hold numbers but object"),
        ({"x": X, "features": X, "y": Y}, "more than one array"),
        ({"x": X, "X": X}, "differ in case only"),
        ({"foo": X, "bar": Y}, "no array with a usual name"),
        ({"x_train": X, "y_train": Y}, "no 'x_test'"),
        (
            {"x_train": X, "x_test": X[:, :2]},
            r"Training samples are float32 \(4,\), test samples are float32 \(2,\)",
        ),
    ],
)
def test_what_is_wrong_with_the_arrays_is_said(save: Save, arrays: dict[str, Any], words: str) -> None:
    with pytest.raises(DataError, match=words) as caught:
        load_data(save(**arrays))
    assert caught.value.next_action


def test_what_is_unclear_names_the_arrays_and_the_setting(save: Save) -> None:
    with pytest.raises(DataError) as caught:
        load_data(save(foo=X, bar=Y))
    assert "'foo', 'bar'" in caught.value.next_action
    assert "`inputs`" in caught.value.next_action
    with pytest.raises(DataError, match="no array 'baz'"):
        load_data(save(foo=X), inputs="baz")
    with pytest.raises(DataError, match="no array with a usual name"):
        load_data(save(foo=X), labels="foo")


def test_too_few_samples_to_split(save: Save) -> None:
    with pytest.raises(DataError, match="too few"):
        load_data(save(x=X[:1], y=Y[:1]), split=True)


@pytest.mark.parametrize("content", [b"", b"not a zip file", b"PK\x03\x04" + bytes(40), npy(X)])
def test_a_file_that_is_no_npz(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "data.npz"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"data\.npz is no \.npz file"):
        load_data(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read: No such file"):
        load_data(tmp_path / "none.npz")
    with pytest.raises(DataError, match="no images and no WAV files"):
        load_data(tmp_path)


def members(path: Path, **contents: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(f"{name}.npy", content)
    return path


def huge_header(shape: tuple[int, ...]) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": shape})
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (huge_header((1 << 40, 4)), f"the most is {MOST_BYTES}"),
        (huge_header((2**40, 2**40)), f"the most is {MOST_BYTES}"),
        (huge_header((-1, 4)), "damaged"),
        (huge_header((1000, 4)) + bytes(15), "damaged"),
        (npy(X) + b"more", "damaged"),
        (npy(X)[:-1], "damaged"),
        (npy(X)[:20], "damaged"),
        (b"", "damaged"),
        (b"\x93NUMPY\x09\x00", "damaged"),
    ],
)
def test_an_array_whose_header_lies(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(DataError, match=words):
        load_data(members(tmp_path / "data.npz", x=content))


def test_a_zip_bomb_costs_no_memory(tmp_path: Path) -> None:
    # 64 MB of zeros, a few kB packed, under a header that asks for far fewer.
    path = members(tmp_path / "data.npz", x=huge_header((4, 4)) + bytes(64 << 20))
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="damaged"):
            load_data(path)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


def test_flipped_bytes_are_noticed(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    np.savez(path, x=X)
    raw = bytearray(path.read_bytes())
    position = raw.find(struct.pack("<f", 7.0))
    raw[position] ^= 1
    path.write_bytes(raw)
    with pytest.raises(DataError, match="damaged"):
        load_data(path)


def test_pickles_are_never_opened(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "exploded",))

    with pytest.raises(DataError, match="object"):
        load_data(members(tmp_path / "data.npz", x=npy(np.array([[Bomb()]], dtype=object))))
    assert not (tmp_path / "exploded").exists()


def test_two_members_of_one_name(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", npy(X))
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("x.npy", npy(X))
    with pytest.raises(DataError, match="two arrays called 'x'"):
        load_data(path)


def test_samples_get_the_missing_channel_axis_and_nothing_else() -> None:
    samples = Samples(np.zeros((5, 8, 8), np.float32), None)
    assert fit_inputs(samples, (1, 8, 8, 1)).inputs.shape == (5, 8, 8, 1)
    assert fit_inputs(samples, (None, 8, 8)).inputs is samples.inputs
    for shape in [(1, 64), (1, 8, 8, 3), (1, 1, 8, 8), (1, 8, 8, 1, 1), (1, 4, 16)]:
        with pytest.raises(DataError) as caught:
            fit_inputs(samples, shape)
        assert str(shape[1:]) in caught.value.problem
        assert "(8, 8)" in caught.value.problem
    flat = Samples(np.arange(128, dtype=np.float32).reshape(2, 64), None)
    assert fit_inputs(flat, (None, 8, 8, 1)).inputs[1, 2, 3, 0] == 64 + 2 * 8 + 3
    with pytest.raises(DataError, match="gives 1 input"):
        fit_inputs(flat, (None, 64), (None, 3))


def test_labels_must_be_outputs() -> None:
    samples = Samples(X, Y)
    fit_labels(samples, 3)
    fit_labels(Samples(X, None), 1)
    with pytest.raises(DataError, match="label 2, but the model tells 2 apart"):
        fit_labels(samples, 2)
    with pytest.raises(DataError, match="tells 2 apart"):
        fit_labels(samples, 1)
    fit_labels(Samples(X, Y % 2), 1)


def test_int8_is_not_taken_for_real_values() -> None:
    assert real_values(Samples(np.array([[0, 255]], np.uint8), None)).inputs.dtype == np.float32
    with pytest.raises(DataError, match="already quantised"):
        real_values(Samples(X.astype(np.int8), Y))


def test_fit_data_brings_both_parts_into_shape(save: Save) -> None:
    pixels = np.zeros((6, 2, 2), np.uint8)
    data = fit_data(load_data(save(x=pixels, y=Y), split=True), (None, 2, 2, 1), classes=3)
    assert data.train is not None
    assert data.train.inputs.shape[1:] == data.test.inputs.shape[1:] == (2, 2, 1)
    assert data.train.inputs.dtype == np.float32


def test_random_inputs_repeat() -> None:
    rows = random_inputs(100, 64, seed=3)
    assert rows.shape == (100, 64)
    assert rows.dtype == np.uint8
    assert len(np.unique(rows)) == 256
    np.testing.assert_array_equal(rows, random_inputs(100, 64, seed=3))
    assert not np.array_equal(rows, random_inputs(100, 64, seed=4))

"""Files that are no Keras model, or an older one; the translation itself is tested beside this file."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from toolchain.errors import MissingPackageError, ModelError, TranslationError
from toolchain.load.keras_model import load_keras, refuse_stored_code
from toolchain.process import native_stderr_to
from toolchain.tensorflow_import import import_stack, tensorflow_noise_to

MLPERF = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "mlperf_tiny"


def archive(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name.replace("_json", ".json"), content)
    return path


@pytest.mark.parametrize("content", [b"", b"GIF89a and more", bytes(100)])
def test_a_file_that_is_no_model(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.keras"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"model\.keras is no Keras model"):
        load_keras(path)


def test_a_path_that_leads_nowhere(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read: No such file"):
        load_keras(tmp_path / "none.keras")
    with pytest.raises(ModelError, match=r"no saved_model\.pb"):
        load_keras(tmp_path)


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"config_json": b"{}"},
        {"config_json": b"not json", "metadata_json": b"{}"},
        {"config_json": b"[]", "metadata_json": b"{}"},
        {"config_json": b"\xff\xfe", "metadata_json": b"{}"},
        {"config_json": b" " * (65 << 20), "metadata_json": b"{}"},
    ],
)
def test_an_archive_that_is_no_model(tmp_path: Path, members: dict[str, bytes]) -> None:
    with pytest.raises(ModelError, match="is no Keras model"):
        load_keras(archive(tmp_path / "model.keras", **members))


def test_stored_code_is_found_at_any_depth() -> None:
    deep: Any = {"class_name": "Lambda", "config": {"name": "evil"}}
    for _ in range(5000):
        deep = {"layer": [deep]}
    with pytest.raises(TranslationError, match="'evil' is a Lambda"):
        refuse_stored_code(deep)
    refuse_stored_code({"class_name": "Dense", "config": {"name": "Lambda"}})


def test_a_missing_package_is_named_with_the_extra() -> None:
    with pytest.raises(MissingPackageError, match="no_such_stack") as caught:
        import_stack("no_such_stack")
    assert "chipcast[keras]" in caught.value.next_action


def test_native_stderr_goes_to_the_log_and_comes_back(tmp_path: Path) -> None:
    program = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from toolchain.process import native_stderr_to\n"
        "print('one', file=sys.stderr)\n"
        "try:\n"
        "    with native_stderr_to(Path(sys.argv[1])):\n"
        "        os.write(2, b'hidden\\n'); print('python', file=sys.stderr); 1 / 0\n"
        "except ZeroDivisionError: pass\n"
        "with native_stderr_to(None): os.write(2, b'gone\\n')\n"
        "os.write(2, b'two\\n')\n"
    )
    log = tmp_path / "folder" / "log"
    done = subprocess.run(
        [sys.executable, "-c", program, str(log)],
        capture_output=True,
        check=True,
        timeout=30,
        cwd=Path(__file__).resolve().parents[2],
    )
    assert done.stderr == b"one\ntwo\n"
    assert log.read_bytes() == b"hidden\npython\n"


def test_native_stderr_leaves_no_descriptor_open() -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        with native_stderr_to(None):
            pass
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.fixture(scope="module")
def tf_keras() -> Any:
    with tensorflow_noise_to(None):
        return import_stack("tf_keras")


def keras2_model(tf_keras: Any) -> Any:
    source = tf_keras.Input((5, 5, 1))
    x = tf_keras.layers.Conv2D(3, 3, activation="relu")(source)
    return tf_keras.Model(source, tf_keras.layers.Dense(4)(tf_keras.layers.Flatten()(x)))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["model.h5", "model.keras", "folder"])
def test_keras_2_files_load_as_they_are(tf_keras: Any, tmp_path: Path, name: str) -> None:
    path, model = tmp_path / name, keras2_model(tf_keras)
    with tensorflow_noise_to(None):
        model.save(path)
    loaded = load_keras(path, log=tmp_path / "log")
    inputs = np.random.default_rng(0).normal(size=(2, 5, 5, 1)).astype(np.float32)
    np.testing.assert_array_equal(loaded.network(inputs), model(inputs))
    assert loaded.input_shape == (None, 5, 5, 1)
    assert loaded.outputs == 4
    if path.is_file():
        assert loaded.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
        assert loaded.file_bytes == path.stat().st_size
    else:
        assert loaded.file_bytes == sum(f.stat().st_size for f in path.rglob("*") if f.is_file())


@pytest.mark.slow
def test_keras_3_also_writes_h5(tmp_path: Path) -> None:
    with tensorflow_noise_to(None):
        keras = import_stack("keras")
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])
        model.save(tmp_path / "model.h5")
    inputs = np.ones((1, 4), np.float32)
    loaded = load_keras(tmp_path / "model.h5")
    np.testing.assert_allclose(loaded.network(inputs), model(inputs), rtol=1e-5)
    assert type(loaded.network).__module__.startswith("tf_keras")


@pytest.mark.slow
def test_a_lambda_in_an_h5_file_or_saved_model_is_never_run(tf_keras: Any, tmp_path: Path) -> None:
    source = tf_keras.Input((4,))
    model = tf_keras.Model(source, tf_keras.layers.Lambda(lambda x: x * 2, name="evil")(source))
    with tensorflow_noise_to(None):
        model.save(tmp_path / "model.h5")
        model.save(tmp_path / "folder")
    with pytest.raises(TranslationError, match="'evil' is a Lambda"):
        load_keras(tmp_path / "model.h5")
    with pytest.raises(ModelError, match="is a Lambda"):
        load_keras(tmp_path / "folder")


@pytest.mark.slow
def test_damaged_models(tf_keras: Any, tmp_path: Path) -> None:
    h5, keras_file, folder = tmp_path / "model.h5", tmp_path / "model.keras", tmp_path / "folder"
    with tensorflow_noise_to(None):
        keras2_model(tf_keras).save(h5)
        keras2_model(tf_keras).save_weights(tmp_path / "weights.h5")
    with pytest.raises(ModelError, match="weights, but no model"):
        load_keras(tmp_path / "weights.h5")
    h5.write_bytes(h5.read_bytes()[:2000])
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_keras(h5)
    for version in ("3.15.1", "2.15.0"):
        config = {
            "module": "keras",
            "class_name": "Sequential",
            "config": {"name": "s", "layers": [{"class_name": "?"}]},
        }
        metadata = json.dumps({"keras_version": version}).encode()
        archive(keras_file, config_json=json.dumps(config).encode(), metadata_json=metadata)
        with pytest.raises(ModelError, match="cannot be loaded"):
            load_keras(keras_file)
    folder.mkdir()
    (folder / "saved_model.pb").write_bytes(b"\xff" * 50)
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_keras(folder)


@pytest.mark.slow
def test_a_saved_model_without_keras(tmp_path: Path) -> None:
    with tensorflow_noise_to(None):
        tensorflow = import_stack("tensorflow")
        tensorflow.saved_model.save(tensorflow.Module(), str(tmp_path / "folder"))
    with pytest.raises(ModelError, match="Keras"):
        load_keras(tmp_path / "folder")


@pytest.mark.slow
@pytest.mark.skipif(not MLPERF.is_dir(), reason=f"MLPerf Tiny's models are not at {MLPERF}")
@pytest.mark.parametrize(
    ("name", "shape", "outputs"),
    [
        ("kws_ref_model", (None, 49, 10, 1), 12),
        ("ic_resnet8.h5", (None, 32, 32, 3), 10),
        ("vww_mobilenet_v1_025_96.h5", (None, 96, 96, 3), 2),
        ("ad_autoencoder.h5", (None, 640), 640),
    ],
)
def test_the_models_of_mlperf_tiny(name: str, shape: tuple[int | None, ...], outputs: int) -> None:
    loaded = load_keras(MLPERF / name)
    assert (loaded.input_shape, loaded.outputs) == (shape, outputs)

"""Layers and functions of the user's own, as Keras finds them when it reads a model file.

The module that `custom_objects` under [model] names is run once in a process.  What it defines is known
from then on, to either generation of Keras: classes derived from that generation's layers, and functions
to both.  A Keras 3 layer is translated through a table of the module's: `TF_KERAS = {"Name": InTfKeras}`.
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Iterator
from typing import Any

from toolchain.errors import ConfigError
from toolchain.tensorflow_import import import_stack, tensorflow_noise_to
from toolchain.user_code import find_module

_TABLE = "TF_KERAS"

_of_keras3: dict[str, Any] = {}
_of_tf_keras: dict[str, Any] = {}


def know_custom_objects(module: str | None) -> None:
    """Run the user's module, and know what it defines; None: there is none.

    Raises:
        ConfigError: there is no such module, it fails, or defines nothing that Keras could use.
    """
    if module is None:
        return
    with tensorflow_noise_to(None):
        keras, tf_keras = import_stack("keras"), import_stack("tf_keras")
        found = find_module(module)
    table = getattr(found, _TABLE, {})
    mine = {
        name: item
        for name, item in vars(found).items()
        if (inspect.isclass(item) or inspect.isfunction(item)) and item.__module__ == found.__name__
    }
    for name, item in mine.items():
        if not _is_layer(item, tf_keras):
            _of_keras3[name] = item
        if not _is_layer(item, keras):
            _of_tf_keras[name] = item
    if not isinstance(table, dict) or not (mine or table):
        raise ConfigError(
            f"The module {module} defines no layers, no functions and no table {_TABLE}.",
            "Define the layers in it that the model file needs.",
        )
    _of_tf_keras.update(table)


def _is_layer(item: Any, generation: Any) -> bool:
    return inspect.isclass(item) and issubclass(item, generation.layers.Layer)


def tf_keras_counterpart(name: str) -> Any:
    """The user's `tf_keras` class for the Keras 3 class `name`; None where there is none."""
    return _of_tf_keras.get(name)


@contextlib.contextmanager
def known_to_keras3() -> Iterator[None]:
    """A scope in which Keras 3 finds the user's objects."""
    with import_stack("keras").saving.custom_object_scope(dict(_of_keras3)):
        yield


@contextlib.contextmanager
def known_to_tf_keras() -> Iterator[None]:
    """A scope in which `tf_keras` finds the user's objects."""
    with import_stack("tf_keras").utils.custom_object_scope(dict(_of_tf_keras)):
        yield

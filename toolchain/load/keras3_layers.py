"""One Keras 3 layer's configuration, rebuilt as the `tf_keras` layer of the same name.

Weights come later, so initialisers are left out.  Every other setting must arrive: one that
`tf_keras` does not know may be dropped only while it stands at Keras 3's own default.
"""

from __future__ import annotations

import inspect
import re
from typing import Any

from toolchain.custom_objects import tf_keras_counterpart
from toolchain.errors import TranslationError
from toolchain.load.keras3_operations import ACTIVATIONS
from toolchain.tensorflow_import import import_stack

# Settings of the same meaning under another name, Keras 3 → Keras 2.
_RENAMED = {"LeakyReLU": {"negative_slope": "alpha"}}
# They only say how weights start, how they are stored in a file, or how random numbers are drawn.
_WITHOUT_EFFECT = ("seed", "build_config", "synchronized", "autocast")
# What `tf_keras` does where it has no such setting.
_ALWAYS = {"data_format": "channels_last"}
# What tf_keras's constructors take out of **kwargs, so that their signatures do not show it.
_UNDECLARED = ("zero_output_for_mask",)
_REPLACE = "Replace it by a layer that TensorFlow 2's Keras has, and train again."


def refuse(name: str, reason: str, mend: str = _REPLACE) -> TranslationError:
    """The error for the layer `name`, with the reason as the end of the sentence."""
    return TranslationError(f"The layer {name!r} cannot be translated for tf_keras: {reason}.", mend)


def safe_name(name: str, taken: set[str]) -> str:
    """A name TensorFlow accepts as a scope, unlike all in `taken`, to which it is added."""
    clean = re.sub(r"[^A-Za-z0-9_.\-]", "_", name)
    if not re.match(r"[A-Za-z0-9.]", clean):
        clean = f"layer{clean}"
    unique, number = clean, 1
    # TensorFlow's scopes do not tell upper from lower case.
    while unique.lower() in taken:
        number += 1
        unique = f"{clean}_{number}"
    taken.add(unique.lower())
    return unique


def translate_layer(serialised: dict[str, Any], name: str, new_name: str) -> Any:
    """The `tf_keras` layer, called `new_name`; `name` is the original's, for messages.

    Raises:
        TranslationError: there is no such layer, or a setting has no counterpart.
    """
    class_name, config = str(serialised.get("class_name")), dict(serialised.get("config") or {})
    layer_class = _layer_class(serialised, class_name, name)
    _require_float32(config.pop("dtype", None), name)
    config.pop("name", None)
    original_class = getattr(import_stack("keras").layers, class_name, None)
    if original_class is None:
        return _of_user(layer_class, class_name, config, name, new_name)
    defaults, accepted = _defaults(original_class), _defaults(layer_class)
    settings: dict[str, Any] = {"name": new_name, "trainable": config.pop("trainable", True)}
    for key, value in config.items():
        # A setting that Keras 3 does not declare either is a switch that is off by default.
        if key in _WITHOUT_EFFECT or key.endswith("_initializer"):
            continue
        target = _RENAMED.get(class_name, {}).get(key, key)
        if key == "activation" and own_activation(serialised) is not None:
            settings["activation"] = "linear"
        elif target in accepted or target in _UNDECLARED:
            settings[target] = _translate_value(value, key, name)
        elif value is not None and value != _ALWAYS.get(key, defaults.get(key, False)):
            raise refuse(name, f"tf_keras has no counterpart of {key}={value!r} in {class_name}")
    if settings.get("data_format") == "channels_first":
        raise refuse(name, "its data format is channels_first, which TFLite does not have")
    try:
        return layer_class(**settings)
    except (TypeError, ValueError) as exc:
        raise refuse(name, f"tf_keras refuses its settings ({str(exc).splitlines()[0][:200]})") from exc


def own_activation(serialised: dict[str, Any]) -> str | None:
    """The layer's activation, where it has to follow as an operation of its own; the layer is then linear.

    Recurrent layers apply theirs inside, so that one that `tf_keras` has not is refused there.
    """
    config = serialised.get("config") or {}
    activation = config.get("activation")
    if isinstance(activation, str) and activation in ACTIVATIONS and "recurrent_activation" not in config:
        return activation
    return None


def _layer_class(serialised: dict[str, Any], class_name: str, name: str) -> Any:
    module = str(serialised.get("module"))
    if module != "keras.layers":
        layer_class = tf_keras_counterpart(class_name)
        if layer_class is None:
            raise refuse(
                name,
                f"{class_name} is a class of its own, from {serialised.get('module') or 'nowhere'}",
                "Name a module with `custom_objects` under [model], whose table TF_KERAS has the same layer "
                "for tf_keras.",
            )
        return layer_class
    layer_class = getattr(import_stack("tf_keras").layers, class_name, None)
    if layer_class is None or not hasattr(import_stack("keras").layers, class_name):
        raise refuse(name, f"tf_keras has no layer {class_name}")
    return layer_class


def _of_user(layer_class: Any, class_name: str, config: dict[str, Any], name: str, new_name: str) -> Any:
    """A layer of the user's own, from the configuration of its counterpart."""
    try:
        return layer_class.from_config({**config, "name": new_name})
    except Exception as exc:
        words = str(exc).splitlines()[0][:200] if str(exc) else type(exc).__name__
        raise refuse(
            name,
            f"the user's {layer_class.__name__} does not take the configuration of {class_name} ({words})",
            "Give both classes the same configuration.",
        ) from exc


def _defaults(layer_class: Any) -> dict[str, Any]:
    """Parameters of a layer's constructor and of those it hands **kwargs on to, with their defaults."""
    found: dict[str, Any] = {}
    for base in layer_class.__mro__:
        if "__init__" not in vars(base):
            continue
        parameters = inspect.signature(base.__init__).parameters.values()
        for parameter in parameters:
            if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
                found.setdefault(parameter.name, parameter.default)
        if not any(parameter.kind == parameter.VAR_KEYWORD for parameter in parameters):
            break
    return found


def _require_float32(dtype: Any, name: str) -> None:
    """Only plain float32 layers: in mixed precision the numbers are others."""
    policy = dtype
    if isinstance(dtype, dict):
        policy = (dtype.get("config") or {}).get("name")
    if policy not in (None, "float32"):
        raise refuse(name, f"its dtype policy is {policy}", "Save the model with the policy float32.")


def _translate_value(value: Any, key: str, name: str) -> Any:
    """A setting's value: plain, or an object that Keras 3 serialised."""
    if key.endswith("activation"):
        return _activation(value, name)
    if isinstance(value, list):
        return tuple(_translate_value(item, "", name) for item in value)
    if not isinstance(value, dict) or "class_name" not in value:
        return value
    module, class_name = str(value.get("module")), str(value["class_name"])
    if module == "keras.layers":
        inner = dict(value.get("config") or {})
        return translate_layer(value, name, str(inner.get("name") or class_name.lower()))
    for kind in ("regularizers", "constraints"):
        if module == f"keras.{kind}":
            return _plain_object(kind, class_name, value, name)
    raise refuse(name, f"its setting {key} is a {class_name} from {module}")


def _plain_object(kind: str, class_name: str, value: dict[str, Any], name: str) -> Any:
    of_kind = getattr(import_stack("tf_keras"), kind)
    found = getattr(of_kind, class_name, None)
    if found is None:
        raise refuse(name, f"tf_keras has no {class_name} in {kind}")
    try:
        return found(**(value.get("config") or {}))
    except (TypeError, ValueError) as exc:
        raise refuse(name, f"tf_keras refuses the settings of its {class_name}") from exc


def _activation(value: Any, name: str) -> Any:
    """An activation by its name; both Keras generations must know it."""
    if value is None:
        return None
    if not isinstance(value, str):
        kind = value.get("class_name") if isinstance(value, dict) else type(value).__name__
        raise refuse(
            name, f"its activation is the object {kind}", "Put the activation in a layer of its own."
        )
    if value == "silu":
        return "swish"
    if value in ACTIVATIONS:
        raise refuse(name, f"tf_keras has no activation {value!r} with the values of Keras 3")
    try:
        import_stack("tf_keras").activations.get(value)
    except ValueError as exc:
        raise refuse(name, f"tf_keras has no activation {value!r}") from exc
    return value

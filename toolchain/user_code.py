"""The user's own Python, where a setting names it: `module:function`, or a module of Keras layers.

The module is a file beside deploy.toml (`data.py:load`, or `data:load`), or one that Python finds by
its name (`mypackage.data:load`).  It runs with the user's rights, as a script of theirs would.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import importlib.util
import re
import sys
import traceback
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from toolchain.errors import ChipcastError, ConfigError

_REFERENCE = re.compile(r"^(?P<module>.+):(?P<name>[A-Za-z_]\w*)$")


def is_reference(text: str | Path) -> bool:
    """Whether `text` has the form `module:function`, and is no file of that name."""
    return _REFERENCE.match(str(text)) is not None and not Path(text).exists()


def find_function(reference: str | Path) -> Callable[..., Any]:
    """The function that `module:function` names.

    Raises:
        ConfigError: there is no such module or function, or the module fails when it is run.
    """
    match = _REFERENCE.match(str(reference))
    if match is None:
        raise ConfigError(f"{str(reference)!r} is no function.", "Write it as module:function.")
    found = getattr(find_module(match["module"]), match["name"], None)
    if not callable(found):
        raise ConfigError(
            f"The module {_short(match['module'])} has no function {match['name']!r}.",
            "Name one that it defines.",
        )
    return found  # type: ignore[no-any-return]


@cache
def find_module(name: str) -> ModuleType:
    """The module of a file (`.py` may be left out), or of that name; run only once.

    Raises:
        ConfigError: it does not exist, or fails when it is run.
    """
    file = file_of(name)
    with described(f"The module {_short(name)}", "Mend it, or try it with python alone."):
        if file is None:
            return importlib.import_module(_short(name))
        return _run_file(file)


def _run_file(file: Path) -> ModuleType:
    """The module in `file`, which may import its neighbours."""
    name = f"_chipcast_user_{hashlib.sha256(str(file).encode()).hexdigest()[:12]}_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    sys.path.insert(0, str(file.parent))
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    finally:
        with contextlib.suppress(ValueError):
            sys.path.remove(str(file.parent))
    return module


def file_of(name: str | Path) -> Path | None:
    """The Python file of a module or of `module:function`; None if it is to be imported by name.

    Raises:
        ConfigError: there is neither such a file nor such a module.
    """
    match = _REFERENCE.match(str(name))
    text = match["module"] if match else str(name)
    for candidate in (Path(text), Path(f"{text}.py")):
        if candidate.suffix == ".py" and candidate.is_file():
            return candidate.resolve()
    with contextlib.suppress(ImportError, ValueError):
        if importlib.util.find_spec(_short(text)) is not None:
            return None
    raise ConfigError(
        f"There is no Python module {text}.",
        "Give a .py file beside deploy.toml, or a module that Python can import.",
    )


def _short(name: str) -> str:
    """A module's name without the folder that paths in deploy.toml are relative to."""
    return Path(name).name


@contextlib.contextmanager
def described(what: str, mend: str, error: type[ChipcastError] = ConfigError) -> Iterator[None]:
    """Errors of the user's code as one sentence with the line that raised; what it prints goes to stderr.

    Raises:
        ChipcastError: of the class `error`; the code raised.
    """
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    except ChipcastError:
        raise
    except Exception as exc:
        frames = traceback.extract_tb(exc.__traceback__)
        place = f"{Path(frames[-1].filename).name}, line {frames[-1].lineno}: " if frames else ""
        words = (str(exc).splitlines() or [""])[0][:300]
        raise error(f"{what} failed: {place}{type(exc).__name__}: {words.rstrip('.')}.", mend) from exc

"""chipcast: a trained Keras model to verified, timed int8 firmware on a microcontroller board.

>>> import toolchain
>>> report = toolchain.deploy(toolchain.load_config("deploy.toml"))     # doctest: +SKIP
>>> report.parity.mismatched_bytes                                      # doctest: +SKIP
0

Nothing heavy is imported until it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from toolchain.errors import ChipcastError

if TYPE_CHECKING:
    from toolchain.config import DeployConfig, config_from, load_config
    from toolchain.pipeline.budget import require_budget
    from toolchain.pipeline.deploy import deploy
    from toolchain.pipeline.inspect_model import inspect_model
    from toolchain.pipeline.optimise import optimise_model
    from toolchain.vocabulary.firmware import Firmware
    from toolchain.vocabulary.optimisation_report import OptimisationReport
    from toolchain.vocabulary.report import Report

__all__ = [
    "ChipcastError",
    "DeployConfig",
    "Firmware",
    "OptimisationReport",
    "Report",
    "config_from",
    "deploy",
    "inspect_model",
    "load_config",
    "optimise_model",
    "require_budget",
]

_HOMES = {
    "DeployConfig": "toolchain.config",
    "config_from": "toolchain.config",
    "load_config": "toolchain.config",
    "deploy": "toolchain.pipeline.deploy",
    "optimise_model": "toolchain.pipeline.optimise",
    "require_budget": "toolchain.pipeline.budget",
    "OptimisationReport": "toolchain.vocabulary.optimisation_report",
    "inspect_model": "toolchain.pipeline.inspect_model",
    "Firmware": "toolchain.vocabulary.firmware",
    "Report": "toolchain.vocabulary.report",
}


def __getattr__(name: str) -> Any:
    """Import a public name from its home when it is first used (PEP 562)."""
    from importlib import import_module  # noqa: PLC0415

    if name not in _HOMES:
        raise AttributeError(f"module 'toolchain' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value

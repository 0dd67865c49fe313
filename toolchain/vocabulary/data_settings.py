"""What a user may say of the data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from toolchain.vocabulary.settings import Settings


class DataSettings(Settings):
    """`[data]`: where samples come from, and which of it is what.

    `path` is an `.npz` file, an `.npy` file, a folder of them, a `.csv` file, a folder of images or of WAV
    files (a folder a class), or `module:function`.  `inputs` and `labels` name arrays (of an `.npz` file or
    a function), files (`.npy`) or columns (`.csv`) where they cannot be told; `values` names what a
    regression aims at, in the place of `labels`.
    """

    path: Path = Field(strict=False)
    inputs: str | Annotated[tuple[str, ...], Field(strict=False)] | None = Field(
        default=None, description="several for a model of several inputs, in its order"
    )
    labels: str | None = None
    values: str | None = None
    classes: tuple[str, ...] = Field(
        default=(), strict=False, description="names of the classes in the order of the model's outputs"
    )
    scale: float | None = Field(default=None, gt=0.0, description="every input is multiplied by it")
    test_fraction: float = Field(default=0.25, gt=0.0, lt=1.0)

    @property
    def input_names(self) -> tuple[str, ...]:
        """The inputs that were named."""
        if self.inputs is None:
            return ()
        return (self.inputs,) if isinstance(self.inputs, str) else self.inputs

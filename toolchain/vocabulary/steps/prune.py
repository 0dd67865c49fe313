"""Settings of the step `prune`."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from toolchain.vocabulary.steps.layer_choice import LayerNames
from toolchain.vocabulary.steps.training import TrainingSettings


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


_PATTERN = r"^([1-9][0-9]?):([1-9][0-9]?)$"
_Side = Annotated[int, Field(ge=1, le=256)]


class PruneSettings(TrainingSettings):
    """Magnitude pruning (Zhu & Gupta 2017, arXiv:1710.01878): of single weights, of blocks, or N of each M.

    Blocks and groups are counted on the weights as TFLite stores them: a row for each output, and in it
    what lies side by side in memory.
    """

    step: Literal["prune"] = "prune"
    sparsity: float = Field(default=0.5, gt=0.0, lt=1.0, description="share of weights that end as zero")
    importance: Literal["magnitude", "obs"] = Field(
        default="magnitude",
        description="the smallest weights go while the network trains; or, before it, those that the others "
        "make up for (optimal brain surgeon), by samples and without labels",
    )
    allocation: Literal["uniform", "sensitivity"] = Field(
        default="uniform",
        description="each layer has the same share of zeros; or, with obs, the one at which the output loses "
        "least in all",
    )
    schedule: Literal["polynomial", "constant"] = Field(
        default="polynomial", description="whether sparsity rises, or is there from the first batch"
    )
    initial_sparsity: float = Field(default=0.0, ge=0.0, lt=1.0)
    block: Annotated[tuple[_Side, _Side], BeforeValidator(_tuple)] = Field(
        default=(1, 1), description="rows × columns that become zero together, as 1, 4"
    )
    pattern: str | None = Field(
        default=None,
        pattern=_PATTERN,
        description="N:M, as 2:4: at most N of M weights side by side are not zero",
    )
    layers: LayerNames | None = Field(default=None, min_length=1, description="names or patterns (all)")
    skip: LayerNames = Field(default=(), description="names or patterns of layers to leave out")

    @property
    def kept_of(self) -> tuple[int, int] | None:
        """The pattern as numbers: how many of how many may be other than zero."""
        if self.pattern is None:
            return None
        kept, group = self.pattern.split(":")
        return int(kept), int(group)

    @model_validator(mode="before")
    @classmethod
    def _pattern_says_sparsity(cls, values: Any) -> Any:
        """A pattern's share of zeros is the sparsity; it cannot have another."""
        given = values.get("pattern") if isinstance(values, dict) else None
        parts = re.fullmatch(_PATTERN, given) if isinstance(given, str) else None
        if parts is None:
            return values
        kept, group = int(parts[1]), int(parts[2])
        if kept >= group:
            raise ValueError(f"pattern {given} prunes nothing: N must be smaller than M")
        if values.get("sparsity", 1 - kept / group) != 1 - kept / group:
            raise ValueError(f"pattern {given} is a sparsity of {1 - kept / group:g}: leave sparsity out")
        return {**values, "sparsity": 1 - kept / group}

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.pattern is not None and (self.block != (1, 1) or self.initial_sparsity):
            raise ValueError(f"pattern {self.pattern} says it all: leave block and initial_sparsity out")
        if self.schedule == "constant" and self.initial_sparsity:
            raise ValueError("with the constant schedule, sparsity does not rise: leave initial_sparsity out")
        if self.allocation == "sensitivity" and self.importance != "obs":
            raise ValueError('allocation "sensitivity" needs importance = "obs"')
        given = {"schedule", "initial_sparsity", "block", "pattern"} & self.model_fields_set
        if self.importance == "obs" and given:
            raise ValueError(f'leave {", ".join(sorted(given))} out with importance "obs"')
        if self.initial_sparsity > self.sparsity:
            raise ValueError("initial_sparsity is larger than sparsity")
        return self

"""`make bench-sparsity`: what zeros in the weights buy on the simulated Cortex-M4, for docs/sparsity.md.

python -m tests.bench.sparsity [FILE]
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.__main__ import MODELS
from tests.bench.cortex_m4_timing import MODEL
from tests.bench.cost import ModelCost, cost_of
from tests.operators.usual_layers import square
from tests.pruned_model import Zeros, by_channel, in_blocks, pruned, unstructured
from toolchain.compile.passes.order import PASSES

SPARSITIES = (0.5, 0.75, 0.9)
_PATTERNS = {"unstructured": unstructured, "blocks of 1x4": in_blocks, "by channel": by_channel}
_FORMS: Mapping[str, str] = {
    "conv_2d_sparse_blocks_s8_dsp": "blocks",
    "fully_connected_sparse_blocks_s8_dsp": "blocks",
    "conv_2d_sparse_s8_dsp": "single",
    "fully_connected_sparse_s8_dsp": "single",
}
_TEXT = """# What zeros in the weights buy

Written by `make bench-sparsity`; nothing here is typed by hand. Built and run as firmware for
`sim_cortex_m4`, speed profile; one warm inference. Instructions are counted, cycles estimated (the model
stands below), flash is the whole firmware's, in bytes. Every output byte of every row is the oracle's.

Zeros pay in two ways. Channels that are constant, or that no weight reads, leave the program with all that
computes them (`remove_channels`): what is pruned *by channel* is a smaller network for the ordinary kernels.
Of what is left, a convolution or fully connected layer is computed over packed weights where that is
estimated to take fewer cycles, instructions and bytes than the dense kernel, its own code included:

- *blocks*: a block is one input (one tap of a filter) of four neighbouring outputs, `block = [1, 4]` of the
  step `prune`. Blocks with a weight that is not zero are kept whole, five bytes each.
- *single*: weights that are not zero, two bytes each.

Otherwise the dense form stays, so that a pruned model is never slower or larger than the dense one. Which
form each layer got, and why, stands in report.json and in the report with `--per-layer`.

The weights below are pruned by magnitude in the `.tflite` file, without any training: they tell costs, and
nothing about accuracy. "Packed" counts the layers whose weights are packed. The arena can grow by some bytes
where a layer that lost channels stands before one that lost fewer: they share less memory.
"""
_HEADER = (
    "weights pruned",
    "zeros",
    "MACs",
    "instructions",
    "of dense",
    "cycles",
    "of dense",
    "flash",
    "less",
    "arena",
    "packed",
)


@dataclass(frozen=True, slots=True)
class Case:
    """One pruned version of an example; `pattern` is "" for the dense one."""

    pattern: str
    sparsity: float
    cost: ModelCost


def cases(model: bytes, name: str, folder: Path, *, keep_last: bool) -> Iterator[Case]:
    """The dense model, then every pattern at every sparsity."""
    yield Case("", 0.0, cost_of(model, name, folder / "dense", passes=PASSES))
    for pattern, zeros in _PATTERNS.items():
        for sparsity in SPARSITIES:
            changed = _changed(model, zeros(sparsity), pattern, keep_last=keep_last)
            place = folder / f"{pattern.replace(' ', '-')}-{sparsity}"
            yield Case(pattern, sparsity, cost_of(changed, name, place, passes=PASSES))


def _changed(model: bytes, zeros: Zeros, pattern: str, *, keep_last: bool) -> bytes:
    return pruned(model, zeros, keep_last=keep_last, biases=pattern == "by channel")


def table(found: Sequence[Case]) -> str:
    """As Markdown, every row against the dense one."""
    dense = found[0].cost
    lines = [f"| {' | '.join(_HEADER)} |", "|---" * len(_HEADER) + "|"]
    for case in found:
        cost = case.cost
        lines.append(
            f"| {case.pattern or 'dense'} | {case.sparsity:.0%} | {cost.macs:,} | {cost.instructions:,} "
            f"| {cost.instructions / dense.instructions:.2f} | {cost.cycles:,} "
            f"| {cost.cycles / dense.cycles:.2f} | {cost.flash_bytes:,} "
            f"| {dense.flash_bytes - cost.flash_bytes:,} "
            f"| {cost.arena_bytes:,} | {_packed(cost)} |"
        )
    return "\n".join(lines) + "\n"


def _packed(cost: ModelCost) -> str:
    count = Counter(_FORMS[layer.form] for layer in cost.layers if layer.form in _FORMS)
    return ", ".join(f"{number} {form}" for form, number in sorted(count.items())) or "-"


def main() -> int:
    """Print the page and write it to the file; 1 where a byte differs or a pruned model costs more."""
    examples = {
        "One layer: 64 to 64 channels, a filter of one tap, 25x5 pixels": (square(64), False),
        "Keyword spotting (DS-CNN), all layers but the last pruned": (_file("kws_ref_model_int8"), True),
        "Anomaly detection (fully connected layers), all but the last pruned": (
            _file("ad_autoencoder_int8"),
            True,
        ),
    }
    parts, right = [_TEXT], True
    with tempfile.TemporaryDirectory(prefix="chipcast-sparsity-") as folder:
        for number, (title, (model, keep_last)) in enumerate(examples.items()):
            if model is None:
                sys.stderr.write(f"Skipped {title!r}: the MLPerf Tiny models are not at {MODELS}.\n")
                continue
            found = list(cases(model, f"example {number}", Path(folder) / str(number), keep_last=keep_last))
            right &= all(costs_no_more(case.cost, found[0].cost) for case in found)
            parts.append(f"## {title}\n\n{table(found)}")
    page = "\n".join([*parts, f"Cycles: {MODEL}\n"])
    sys.stdout.write(page)
    if len(sys.argv) > 1 and len(parts) == 1 + len(examples):
        Path(sys.argv[1]).write_text(page, "utf-8")
    return 0 if right else 1


def _file(stem: str) -> bytes | None:
    file = MODELS / f"{stem}.tflite"
    return file.read_bytes() if file.is_file() else None


def costs_no_more(cost: ModelCost, dense: ModelCost) -> bool:
    """Whether a pruned model is right, and neither slower nor larger in flash than the dense one."""
    return (
        cost.different_bytes == 0
        and cost.instructions <= dense.instructions
        and cost.cycles <= dense.cycles
        and cost.flash_bytes <= dense.flash_bytes
    )


if __name__ == "__main__":
    sys.exit(main())

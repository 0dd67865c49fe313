"""Several models in one firmware: no symbol in common but the kernels, and both exact side by side."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.host_runner import WARNINGS, compile_model, has, random_inputs
from tests.random_networks import random_network
from toolchain import paths, process
from toolchain.render.model_source import render_model
from toolchain.simulate.interpreter import InProcessOracle

PREFIXES = ("ape", "bee")
ROWS = 5

_MAIN = """
#include <stdio.h>
#include "ape_model.h"
#include "bee_model.h"

static uint8_t ape_in[APE_INPUT_BYTES], ape_out[APE_OUTPUT_BYTES];
static uint8_t bee_in[BEE_INPUT_BYTES], bee_out[BEE_OUTPUT_BYTES];

int main(void)
{
    ape_reset();
    bee_reset();
    while (fread(ape_in, 1, sizeof ape_in, stdin) == sizeof ape_in
           && fread(bee_in, 1, sizeof bee_in, stdin) == sizeof bee_in) {
        /* Each runs between the other's input and output: they share no memory. */
        ape_set_input(ape_in);
        bee_set_input(bee_in);
        ape_run();
        bee_run();
        ape_get_output(ape_out);
        bee_get_output(bee_out);
        fwrite(ape_out, 1, sizeof ape_out, stdout);
        fwrite(bee_out, 1, sizeof bee_out, stdout);
    }
    return 0;
}
"""


def compile_objects(compiler: str, sources: list[Path], folder: Path) -> list[Path]:
    objects = []
    for source in sources:
        target = folder / f"{source.stem}.{compiler}.o"
        done = process.run(
            [compiler, *WARNINGS, "-O1", f"-I{paths.kernels()}", f"-I{folder}", "-c", "-o", target, source],
            timeout=60,
        )
        assert done.exit_code == 0, done.tail(40)
        objects.append(target)
    return objects


@pytest.mark.parametrize("compiler", ["gcc", "arm-none-eabi-gcc"])
def test_two_models_link_and_share_only_kernels(compiler: str, tmp_path: Path) -> None:
    if not has(compiler):
        pytest.skip(f"{compiler} is not installed")
    models = [random_network(seed, 8) for seed in (11, 12)]
    programs = [
        compile_model(model, prefix, name="same name") for model, prefix in zip(models, PREFIXES, strict=True)
    ]
    for program in programs:
        for name, text in render_model(program).items():
            (tmp_path / name).write_text(text)
    generated = [tmp_path / f"{prefix}_model.c" for prefix in PREFIXES]
    kernels = sorted({paths.kernels() / f"{k}.c" for program in programs for k in program.kernels})
    kernels = [kernel for kernel in kernels if kernel.is_file()]
    objects = compile_objects(compiler, [*generated, *kernels], tmp_path)
    allowed = [(f"{prefix}_",) for prefix in PREFIXES] + [("chipcast_",)] * len(kernels)
    for path, prefixes in zip(objects, allowed, strict=True):
        listing = process.run(["nm", "-g", "--defined-only", path], timeout=20).stdout
        names = [line.split()[-1] for line in listing.splitlines()]
        assert names, path.name
        assert all(name.startswith(prefixes) for name in names), names
    if compiler != "gcc":
        return
    (tmp_path / "main.c").write_text(_MAIN)
    linked = process.run(
        [compiler, *WARNINGS, f"-I{tmp_path}", "-o", tmp_path / "both", tmp_path / "main.c", *objects],
        timeout=60,
    )
    assert linked.exit_code == 0, linked.tail(40)
    inputs = [random_inputs(program, ROWS, seed) for seed, program in enumerate(programs)]
    (tmp_path / "in").write_bytes(np.concatenate(inputs, axis=1).tobytes())
    ran = process.run(["sh", "-c", 'cd "$1" && ./both < in > out', "sh", tmp_path], timeout=60)
    assert ran.exit_code == 0
    expected = [InProcessOracle(m).run(i) for m, i in zip(models, inputs, strict=True)]
    assert (tmp_path / "out").read_bytes() == np.concatenate(expected, axis=1).tobytes()

"""CONV_2D 3x3 at stride 1 on cores with DSP, two by two outputs at a time: 16 products in the place of 36."""

from __future__ import annotations

from functools import partial

from toolchain.compile.lowering import KernelForm
from toolchain.compile.winograd import Filtering, propose

FILTERING_2X2 = Filtering(
    kernel="winograd_2x2_s8_dsp",
    outputs=2,
    # 2G, so that the result is four times the sums.
    filters=((2, 0, 0), (1, 1, 1), (1, -1, 1), (0, 0, 2)),
    offset=0,
    scale=4,
    output_cycles=29,
    column_cycles=60,
    row_cycles=87,
)
WINOGRAD_2X2 = KernelForm("Winograd 2x2", partial(propose, FILTERING_2X2), takes_flash=True)

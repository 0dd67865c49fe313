"""CONV_2D 3x3 at stride 1 on cores with DSP, four by four outputs at a time: 36 products in the place of 144.

Twice as fast as two by two, for tables more than twice as large.
"""

from __future__ import annotations

from functools import partial

from toolchain.compile.lowering import KernelForm
from toolchain.compile.winograd import Filtering, propose

FILTERING_4X4 = Filtering(
    kernel="winograd_4x4_s8_dsp",
    outputs=4,
    filters=((6, 0, 0), (1, 1, 1), (1, -1, 1), (1, 2, 4), (1, -2, 4), (0, 0, 6)),
    offset=128,
    # 576 times the sums modulo 2**32, times the inverse of 9.
    scale=64,
    output_cycles=28,
    column_cycles=125,
    row_cycles=240,
)
WINOGRAD_4X4 = KernelForm("Winograd 4x4", partial(propose, FILTERING_4X4), takes_flash=True)

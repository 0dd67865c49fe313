"""Operators that TensorFlow Lite Micro cannot run on int8: there are no right bytes, so they are refused."""

from __future__ import annotations

from collections.abc import Mapping

WITHOUT_REFERENCE: Mapping[str, str] = {
    "NEG": "TensorFlow Lite Micro computes it in float32 only; SUB from a constant 0 is the int8 form",
    "RELU_N1_TO_1": "TensorFlow Lite Micro has it as a fused activation only; MINIMUM and MAXIMUM with "
    "constants do the same",
}
"""TFLite name → why there is nothing to agree with, and what to use instead."""

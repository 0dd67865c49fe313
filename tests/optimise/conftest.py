"""Every test draws the same random numbers, whichever ran before it in the same process."""

from __future__ import annotations

import sys

import pytest


@pytest.fixture(autouse=True)
def same_random_numbers() -> None:
    """Seeds TensorFlow, where it is in use; a network that is shared by tests seeds itself."""
    if "tf_keras" in sys.modules:
        sys.modules["tf_keras"].utils.set_random_seed(0)

"""Tests of trainings give the same figures whichever ran before them in the same process."""

from __future__ import annotations

import sys

import pytest

from tests.optimise.digits import stack


@pytest.fixture(autouse=True, scope="module")
def repeatable_operators(request: pytest.FixtureRequest) -> None:
    """As `run_steps` has it: deterministic operators or not is settled for a whole process."""
    if request.node.get_closest_marker("slow"):
        stack()


@pytest.fixture(autouse=True)
def same_random_numbers() -> None:
    """Seeds TensorFlow, where it is in use; a network that is shared by tests seeds itself."""
    if "tf_keras" in sys.modules:
        sys.modules["tf_keras"].utils.set_random_seed(0)

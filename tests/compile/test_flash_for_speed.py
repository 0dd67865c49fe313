"""Flash that makes layers faster goes where a byte saves the most cycles."""

from __future__ import annotations

from toolchain.compile.flash_for_speed import within_flash
from toolchain.compile.lowering import Candidate, Lowering


def candidate(cycles: float, more_flash: int = 0) -> Candidate:
    return Candidate(cycles, "", lambda pool: Lowering(()), more_flash)


def test_what_takes_no_more_flash_may_always_be_taken() -> None:
    assert within_flash([[candidate(5), candidate(7)], []], 0) == [[True, True], []]


def test_the_most_cycles_a_byte_come_first() -> None:
    layers = [
        [candidate(1000), candidate(400, 100)],  # 6 a byte
        [candidate(1000), candidate(500, 50)],  # 10 a byte
        [candidate(1000), candidate(200, 40)],  # 20 a byte
    ]
    assert within_flash(layers, 39) == [[True, False]] * 3
    assert within_flash(layers, 100) == [[True, False], [True, True], [True, True]]
    assert within_flash(layers, 190) == [[True, True]] * 3


def test_a_smaller_one_is_taken_where_the_best_does_not_fit() -> None:
    layers = [[candidate(1000), candidate(0, 100)], [candidate(1000), candidate(900, 20)]]
    assert within_flash(layers, 50) == [[True, False], [True, True]]


def test_a_layer_is_granted_a_dearer_form_later() -> None:
    layers = [[candidate(1000), candidate(500, 10), candidate(400, 100)]]
    assert within_flash(layers, 99) == [[True, True, False]]
    assert within_flash(layers, 100) == [[True, False, True]]


def test_what_is_no_faster_is_not_granted() -> None:
    assert within_flash([[candidate(5), candidate(5, 1), candidate(6, 1)]], 9) == [[True, False, False]]


def test_flash_buys_what_nothing_else_computes_before_all_else() -> None:
    layers = [[candidate(1000), candidate(10, 1)], [candidate(10**9, 5)]]
    assert within_flash(layers, 5) == [[True, False], [True]]

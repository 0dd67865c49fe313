"""How a layer's form is chosen: by the core, by what is proven, by estimated cycles."""

from __future__ import annotations

import pytest

from tests.host_runner import HOST
from tests.random_networks import single_operator_network
from toolchain.compile.core_features import Target, core_features
from toolchain.compile.kernel_choice import choose
from toolchain.compile.layer_view import LayerView
from toolchain.compile.lowering import Candidate, ConstantPool, KernelForm, Lowering, OperatorSupport
from toolchain.convert.read_tflite import read_graph
from toolchain.vocabulary.board import Board

DSP = Target(frozenset({"dsp"}), "speed")


def board(core: str, features: list[str] | None = None) -> Board:
    return Board.model_validate({**HOST.model_dump(), "core": core, "core_features": features})


@pytest.mark.parametrize(
    ("core", "features"),
    [
        ("cortex-m0", {"mul32"}),
        ("cortex-m0plus", {"mul32"}),
        ("cortex-m3", {"mul32", "mul64"}),
        ("cortex-m4", {"dsp"}),
        ("cortex-m7", {"dsp"}),
        ("cortex-m33", {"dsp"}),
        ("cortex-m55", {"dsp", "helium"}),
        ("rv32imac", {"mul32", "mul64"}),
        ("rv32imc", {"mul32", "mul64"}),
        ("host", set()),
    ],
)
def test_a_core_has_the_features_of_its_name(core: str, features: set[str]) -> None:
    assert core_features(board(core)) == features


def test_a_board_file_can_say_otherwise() -> None:
    assert core_features(board("cortex-m33", [])) == set()
    assert core_features(board("star-mc1", ["dsp"])) == {"dsp"}


def form(name: str, cycles: float | None) -> KernelForm:
    def propose(layer: LayerView, target: Target) -> Candidate | str:
        if cycles is None:
            return "does not suit"
        return Candidate(cycles, f"{name} is proven", lambda pool: Lowering((), comment=name))

    return KernelForm(name, propose)


def chosen(*forms: KernelForm) -> tuple[str, str, str]:
    graph = read_graph(single_operator_network("RELU", 1), "relu")
    support = OperatorSupport("RELU", (), lambda layer, pool: Lowering((), comment="portable"), forms=forms)
    choice = choose(support, LayerView(graph, graph.operators[0]), DSP, ConstantPool())
    return choice.form, choice.why, choice.lowering.comment


def test_the_cheapest_that_applies_is_taken() -> None:
    assert chosen(form("a", 5), form("b", 3), form("c", None)) == ("b", "b is proven", "b")
    assert chosen(form("a", 3), form("b", 3))[0] == "a"


def test_the_portable_form_is_what_is_left_and_says_why() -> None:
    assert chosen(form("a", None), form("b", None)) == (
        "portable",
        "a: does not suit; b: does not suit",
        "portable",
    )
    assert chosen() == ("portable", "", "portable")

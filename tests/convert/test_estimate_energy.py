"""Energy estimates: the arithmetic by hand, and tables that are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.corridor.models import float_classifier, int8_classifier
from toolchain.convert.count_graph import count_graph
from toolchain.convert.estimate_energy import estimate_energy
from toolchain.convert.read_tflite import read_graph
from toolchain.errors import ConfigError
from toolchain.load.energy_table import load_energy_table

TABLE = """
id = "mine"
source = "measured by hand"
[operations]
add_int32 = 1.0
multiply_int8 = 2.0
multiply_int16 = 4.0
[[memories]]
bytes = 400
access_bits = 32
access = 8.0
[[memories]]
bytes = 1000
access_bits = 32
access = 80.0
"""


def write(folder: Path, text: str) -> str:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_the_estimate_by_hand(tmp_path: Path) -> None:
    figures = count_graph(read_graph(int8_classifier(filters=4), "small"))
    estimate = estimate_energy(figures, load_energy_table(write(tmp_path, TABLE)))
    assert estimate is not None
    macs, others = 36 * 4 * 9 + 144 * 3, 2 * 144 + 12
    assert estimate.arithmetic_nj == pytest.approx((macs * 3 + others) / 1000)
    # 484 bytes of weights lie in the larger memory; activations of 288 at most a layer in the smaller.
    assert figures.bytes == 484
    assert estimate.weights_nj == pytest.approx(484 / 4 * 80 / 1000)
    moved = (36 + 144) + (144 + 144) + (144 + 3) + (3 + 3)
    assert estimate.activations_nj == pytest.approx(moved / 4 * 8 / 1000)
    assert estimate.total_nj == pytest.approx(
        estimate.arithmetic_nj + estimate.weights_nj + estimate.activations_nj
    )
    assert (estimate.kind, estimate.table, estimate.source) == ("estimated", "mine", "measured by hand")


def test_what_cannot_be_estimated_is_not_known(tmp_path: Path) -> None:
    float_model = count_graph(read_graph(float_classifier(), "float"))
    assert estimate_energy(float_model, load_energy_table("horowitz_45nm")) is None
    small = load_energy_table(write(tmp_path, TABLE.replace("1000", "401")))
    assert estimate_energy(count_graph(read_graph(int8_classifier(), "large")), small) is None


def test_the_built_in_table_says_where_its_figures_come_from() -> None:
    table = load_energy_table("horowitz_45nm")
    assert "ISSCC 2014" in table.source
    assert table.operations.multiply_int8 == 0.2


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (TABLE.replace("add_int32 = 1.0", ""), "operations.add_int32"),
        (TABLE.replace("add_int32 = 1.0", "add_int32 = -1.0"), "operations.add_int32"),
        (TABLE.replace("bytes = 400", "bytes = 4000"), "smallest to the largest"),
        (TABLE + "colour = 3\n", "memories.1.colour"),
        ("[", "not valid TOML"),
        ("#" * 70_000, "larger than"),
    ],
)
def test_a_wrong_table_is_refused_by_name(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        load_energy_table(write(tmp_path, text))


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="horowitz_45nm"):
        load_energy_table("horowitz")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_energy_table(str(tmp_path / "none.toml"))

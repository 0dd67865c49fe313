"""Board files: what is built in is valid, what is wrong is named, and one file is a whole board."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolchain import paths
from toolchain.errors import BoardError
from toolchain.load.board import list_boards, load_board

SIM = (paths.boards() / "sim_cortex_m4.toml").read_text()


def write(folder: Path, text: str, name: str = "mine.toml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


@pytest.mark.parametrize("path", sorted(paths.boards().glob("*.toml")), ids=lambda path: path.stem)
def test_every_built_in_board_is_valid(path: Path) -> None:
    board = load_board(path.stem)
    assert board == load_board(str(path))
    assert board.is_simulated or board.timer.kind == "measured"


def test_all_are_listed() -> None:
    assert [board.id for board in list_boards()] == sorted(
        path.stem for path in paths.boards().glob("*.toml")
    )


def test_an_unknown_board_names_the_near_ones() -> None:
    with pytest.raises(BoardError, match=r"no board 'sim_cortex_m5'.*mean .*sim_cortex_m4"):
        load_board("sim_cortex_m5")
    with pytest.raises(BoardError, match=r"The boards are: .*host, .*sim_cortex_m4"):
        load_board("qqqq")


@pytest.mark.parametrize("name", ["", ".", "../host", "/etc/passwd", "host\n", "x" * 10_000])
def test_a_name_that_is_no_id(name: str) -> None:
    with pytest.raises(BoardError) as caught:
        load_board(name)
    assert len(caught.value.problem) < 200


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('mcu = "mps2-an386"', 'mcuu = "x"', "lacks the key mcu"),
        ("[memory]", "[memory]\nflesh_bytes = 1", "unknown key memory.flesh_bytes"),
        ("[serial]", "[cereal]\nx = 1\n[serial]", "unknown key cereal"),
        ("ram_bytes = 262_144", "ram_bytes = -1", "wrong at memory.ram_bytes"),
        ("ram_bytes = 262_144", 'ram_bytes = "256K"', "wrong at memory.ram_bytes"),
        ("ram_bytes = 262_144", "ram_bytes = 4_000", "memory: the stack's 4,096 bytes are more than the RAM"),
        (
            "flash_bytes = 1_048_576",
            "flash_bytes = 0",
            "memory: flash and RAM must both be limited, or neither",
        ),
        ("ram_origin = 0x2000_0000", "ram_origin = 0xFFFF_FFF0", "memory: RAM reaches beyond"),
        ('kind = "qemu"', 'kind = "qemoo"', "wrong at simulator.kind"),
        ('machine = "mps2-an386"\n', "", "simulator: qemu needs"),
        ('kind = "counted"', 'kind = "estimated"', "timer: kind estimated needs model, in words"),
        ('kind = "counted"', 'kind = "counted"\nmodel = "x"', "timer: kind estimated needs model, in words"),
        ('aot = "simulated"', 'aot = "surely"', "wrong at verified.aot"),
        ('aot = "simulated"', 'oat = "simulated"', "wrong at verified.oat"),
        ("icount_shift = 6", "icount_shift = 99", "wrong at simulator.icount_shift"),
        ("icount_shift = 6", "icount_shift = 3", "timer: a tick is longer than an instruction"),
        ("icount_shift = 6", "", "simulator: counting needs"),
        ('machine = "mps2-an386"', 'machine = "a; rm -rf /"', "wrong at simulator.machine"),
        ('name = "Sim', 'name = "*/ Sim', "wrong at name"),
        ('flags = ["-mcpu=cortex-m4"', 'flags = ["$(reboot)"', "wrong at compiler.flags.0"),
        ('id = "sim_cortex_m4"', 'id = "Mine"', "wrong at id"),
        ('id = "sim_cortex_m4"', 'id = "other"', "not its file name"),
        ("hz = 25_000_000\nkind", "kind", "timer: either hz or rate"),
    ],
)
def test_a_wrong_file_is_named_with_its_key(tmp_path: Path, old: str, new: str, fault: str) -> None:
    text = SIM.replace('id = "sim_cortex_m4"', 'id = "mine"') if "id = " not in old else SIM
    assert old in text
    path = write(tmp_path, text.replace(old, new, 1))
    with pytest.raises(BoardError) as caught:
        load_board(str(path))
    assert str(path) in caught.value.problem
    assert fault in caught.value.problem
    assert "\n" not in caught.value.problem


@pytest.mark.parametrize("text", ["id = ", "\x00", "= 1", "a = " + "[" * 3000])
def test_what_is_no_toml(tmp_path: Path, text: str) -> None:
    with pytest.raises(BoardError, match="not valid TOML"):
        load_board(str(write(tmp_path, text)))


def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(BoardError, match="cannot be read"):
        load_board(str(tmp_path / "absent.toml"))
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(BoardError, match="cannot be read"):
        load_board(str(tmp_path / "folder.toml"))
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(BoardError, match="not valid TOML"):
        load_board(str(tmp_path / "bytes.toml"))
    with pytest.raises(BoardError, match="larger than"):
        load_board(str(write(tmp_path, "#" * 100_000)))


def test_a_folder_of_ones_own_comes_first(tmp_path: Path) -> None:
    write(tmp_path, SIM.replace("262_144", "131_072"), "sim_cortex_m4.toml")
    write(tmp_path, SIM.replace('"sim_cortex_m4"', '"mine"', 1))
    assert load_board("sim_cortex_m4", [tmp_path]).memory.ram_bytes == 131_072
    assert load_board("sim_cortex_m4").memory.ram_bytes == 262_144
    built_in = {board.id for board in list_boards()}
    assert {board.id for board in list_boards([tmp_path])} == {*built_in, "mine"}

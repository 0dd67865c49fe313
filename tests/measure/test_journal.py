"""Journals that were torn, damaged, swapped or fought over."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from toolchain.errors import DataError
from toolchain.measure.journal import Ending, open_journal
from toolchain.vocabulary.measurement import Identity, Inference, LayerTime

BINDING: dict[str, str | int | bool | None] = {
    "build_id": "b" * 64,
    "samples": 3,
    "per_layer": False,
    "x": None,
}
RUNS = [Inference(bytes([n, 255 - n]), 1000 + n) for n in range(3)]
ENDING = Ending(
    Identity(2, "b" * 64, "a" * 64, "aot", "host", 1_000_000, 4, 2, 16, 1, 8),
    (LayerTime("a", "CONV_2D", 12, 7),),
    None,
)


def write(path: Path, runs: int = 3, *, end: bool = True) -> bytes:
    with open_journal(path, BINDING) as journal:
        for inference in RUNS[len(journal.inferences) : runs]:
            journal.append(inference)
        if end:
            journal.end(ENDING)
    return path.read_bytes()


def test_it_comes_back_as_it_was(tmp_path: Path) -> None:
    write(tmp_path / "run.jsonl")
    with open_journal(tmp_path / "run.jsonl", BINDING) as journal:
        assert journal.inferences == RUNS
        assert journal.ending == ENDING


def test_every_line_is_json_on_its_own(tmp_path: Path) -> None:
    lines = [json.loads(line) for line in write(tmp_path / "run.jsonl").splitlines()]
    assert lines[0]["binding"] == BINDING
    assert [line.get("run") for line in lines] == [None, 0, 1, 2, None]


def test_torn_at_any_byte_it_goes_on_and_ends_the_same(tmp_path: Path) -> None:
    whole = write(tmp_path / "whole.jsonl")
    path = tmp_path / "run.jsonl"
    for length in range(len(whole) + 1):
        path.write_bytes(whole[:length])
        with open_journal(path, BINDING) as journal:
            # Every line that was on the disk whole counts.
            ends = [n + 1 for n, byte in enumerate(whole[:length]) if byte == ord("\n")]
            assert len(journal.inferences) == min(3, max(0, len(ends) - 1))
            for inference in RUNS[len(journal.inferences) :]:
                journal.append(inference)
            if journal.ending is None:
                journal.end(ENDING)
        assert path.read_bytes() == whole


def test_a_last_line_whose_bytes_are_wrong_is_run_again(tmp_path: Path) -> None:
    whole = write(tmp_path / "run.jsonl", end=False)
    start = whole[:-1].rfind(b"\n") + 1
    (tmp_path / "run.jsonl").write_bytes(whole[:start] + b"\0" * (len(whole) - start - 1) + b"\n")
    assert write(tmp_path / "run.jsonl", end=False) == whole


def test_no_flipped_bit_before_the_last_line_is_taken_for_a_result(tmp_path: Path) -> None:
    whole = write(tmp_path / "whole.jsonl")
    last = whole[:-1].rfind(b"\n") + 1
    path = tmp_path / "run.jsonl"
    # Not the line end right before the last line: without it, both are one torn last line.
    for place in range(last - 1):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        damaged = path.read_bytes()
        with pytest.raises(DataError, match=r"damaged|no journal"), open_journal(path, BINDING):
            pass
        assert path.read_bytes()[:last] == damaged[:last], "it was changed"


def test_another_runs_journal_is_refused_with_what_differs(tmp_path: Path) -> None:
    before = write(tmp_path / "run.jsonl")
    other = {**BINDING, "build_id": "c" * 64, "samples": 4}
    message = "build_id bbbbbbbbbbbb… there, cccccccccccc… here; samples 3 there, 4 here"
    with pytest.raises(DataError, match=message), open_journal(tmp_path / "run.jsonl", other):
        pass
    assert (tmp_path / "run.jsonl").read_bytes() == before


@pytest.mark.parametrize("text", ["mine", "mine\n", "mine\nand more\n", "\n", '{"crc":"00000000","a":1}\n{}'])
def test_someone_elses_file_is_not_touched(tmp_path: Path, text: str) -> None:
    path = tmp_path / "notes.txt"
    path.write_text(text)
    with pytest.raises(DataError, match="no journal"), open_journal(path, BINDING):
        pass
    assert path.read_text() == text


def test_two_cannot_write_one_journal(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    with (
        open_journal(path, BINDING),
        pytest.raises(DataError, match="Another chipcast"),
        open_journal(path, BINDING),
    ):
        pass


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be opened"), open_journal(tmp_path, BINDING):
        pass

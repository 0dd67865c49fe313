from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolchain.measure.protocol import (
    DamagedLineError,
    crc_text,
    decode_data,
    encode_command,
    encode_data,
    parse_checked,
)

BODY = "c-run input=0A1B2C3D ticks=123456 output=00000000 bytes=12"
LINE = f"{BODY} *{crc_text(BODY)}"


def test_a_checked_line_is_read() -> None:
    line = parse_checked(LINE)
    assert (line.name, line.number("ticks"), line.crc("input")) == ("run", 123456, 0x0A1B2C3D)


@given(st.integers(0, len(LINE) - 1), st.characters(min_codepoint=32, max_codepoint=126))
def test_no_changed_character_is_accepted(place: int, other: str) -> None:
    damaged = LINE[:place] + other + LINE[place + 1 :]
    if damaged == LINE:
        return
    with pytest.raises(DamagedLineError):
        parse_checked(damaged)


@given(st.integers(0, len(LINE) - 1))
def test_no_lost_or_doubled_character_is_accepted(place: int) -> None:
    for damaged in (LINE[:place] + LINE[place + 1 :], LINE[:place] + LINE[place] + LINE[place:]):
        with pytest.raises(DamagedLineError):
            parse_checked(damaged)


@given(st.text(max_size=200))
def test_any_text_is_a_line_or_damaged(text: str) -> None:
    with pytest.raises(DamagedLineError):
        parse_checked(text)


def test_a_key_that_comes_twice_is_damage() -> None:
    body = "c-in offset=1 offset=2"
    with pytest.raises(DamagedLineError):
        parse_checked(f"{body} *{crc_text(body)}")


@pytest.mark.parametrize("value", ["", "-1", "1e3", "٣", "1" * 21])
def test_what_is_no_number_is_damage(value: str) -> None:
    if not value.isascii():
        return
    body = f"c-in offset={value}"
    with pytest.raises(DamagedLineError):
        parse_checked(f"{body} *{crc_text(body)}").number("offset")


@given(st.binary(max_size=300))
def test_data_survives_base64(data: bytes) -> None:
    assert decode_data(encode_data(data)) == data


@pytest.mark.parametrize("text", ["A", "AA=A", "!!!!", "AAAA AAAA"])
def test_bad_base64_is_damage(text: str) -> None:
    with pytest.raises(DamagedLineError):
        decode_data(text)


def test_a_command_ends_with_its_crc_and_a_percent_sign() -> None:
    assert encode_command("run") == b"run *F61B1B83%".replace(b"F61B1B83", crc_text("run").encode())
    with pytest.raises(ValueError, match="not a command"):
        encode_command("50%")

"""The AUTH PLAIN lesson: right by base64's own decoder, and silent where nobody asked."""

import base64
import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpnb.protocol.plain_lesson import explain_plain
from smtpnb.secret import Secret

LINE = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=("Cs",)), max_size=40)


@given(LINE, LINE, LINE)
def test_token_and_its_parts_agree(login: str, password: str, authzid: str) -> None:
    lesson = explain_plain(login, password, authzid)
    assert base64.b64decode(lesson.token) == f"{authzid}\0{login}\0{password}".encode()
    assert "".join(group for block in lesson.blocks for group in block.groups) == lesson.token
    for block in lesson.blocks:
        assert sum(span for _, span in block.fields) == len(block.octets)
        octets = bytes(octet.octet for octet in block.octets)
        assert [base64.b64encode(octets[at : at + 3]).decode() for at in range(0, len(octets), 3)] == list(block.groups)


def test_text_shows_field_character_hex_and_base64() -> None:
    text = explain_plain("al", "pä").to_text()
    assert "field: NUL login NUL password\n" in text
    assert "character: NUL  a  l NUL  p  ä  ·\n" in text
    assert "hex: 00 61 6c 00 70 c3 a4\n" in text
    assert "base64: AGFs AHDD pA==\n" in text
    assert "C: AUTH PLAIN AGFsAHDDpA==" in text


def test_repr_and_pickle_hold_no_password() -> None:
    lesson = explain_plain("alice", "wonderland")
    assert "wonderland" not in repr(lesson) + repr(vars(lesson))
    assert "d29uZGVy" not in repr(lesson)
    for taken in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError, match="not pickled"):
            taken(lesson)


def test_a_secret_is_never_shown() -> None:
    with pytest.raises(TypeError, match="not a Secret"):
        explain_plain("alice", Secret("wonderland"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "values", [("a\0", "b"), ("a", "b\r"), ("a", "b", "c\n"), ("a" * 200, "b" * 100), ("\ud800", "bbbb")]
)
def test_what_no_token_holds_is_refused_without_showing_the_password(values: tuple[str, ...]) -> None:
    with pytest.raises(ValueError) as refused:
        explain_plain(*values)
    assert values[1] not in str(refused.value) or len(values[1]) < 3

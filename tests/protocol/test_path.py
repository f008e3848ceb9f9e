"""Addresses in angle brackets, and what would break out of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpnb.protocol.path import bare, path


@pytest.mark.parametrize(
    ("address", "wire"),
    [
        ("bob@example.org", "<bob@example.org>"), ("<bob@example.org>", "<bob@example.org>"), (" bob@example.org ", "<bob@example.org>"),
        ("", "<>"), (None, "<>"), ("<>", "<>"), ("  ", "<>"), ("Postmaster", "<Postmaster>"), ("@a,@b:c@d", "<@a,@b:c@d>"),
        ('"a b"@c', '<"a b"@c>'), ('"a>b"@c', '<"a>b"@c>'), ('"a\\">b"@c', '<"a\\">b"@c>'), ("ünï@exämple", "<ünï@exämple>"), ("not an address", "<not an address>"),
    ],
)  # fmt: skip
def test_address_in_angle_brackets(address: str | None, wire: str) -> None:
    assert path(address) == wire


@pytest.mark.parametrize(
    "address",
    [
        "a@b> SIZE=1",
        "a@b> SIZE=1 <",
        "<a@b> SIZE=1",
        "a<b@c",
        ">",
        "<<a@b>>",
        '"a@b> SIZE=1',
        '"a"> "b"@c',
        '"a\\"> "@c" >',
    ],
)
def test_angle_bracket_that_would_end_the_path_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="angle brackets"):
        path(address)


@pytest.mark.parametrize("wrong", [5, b"a@b", ["a@b"], object()])
def test_address_that_is_no_text_is_a_type_error(wrong: object) -> None:
    with pytest.raises(TypeError, match="an address is str"):
        path(wrong)  # type: ignore[arg-type]


@given(st.text('ab@<>"\\ ', max_size=12))
def test_path_ends_where_it_seems_to(address: str) -> None:
    """Whoever reads the path with RFC 5321's quoted-strings finds its end at the last octet."""
    try:
        wire = path(address)
    except ValueError:
        return
    assert wire[0] == "<"
    # A quotation mark that nothing closes opens nothing: a lenient server would read on, so brackets are counted too.
    end = _end(wire, quoting=True) or _end(wire, quoting=False)
    assert end == len(wire) - 1


def _end(wire: str, *, quoting: bool) -> int:
    """Where the first bracket stands that closes the path; 0 where there is none."""
    position, quoted = 1, False
    while position < len(wire) and (quoted or wire[position] != ">"):
        if quoted and wire[position] == "\\":
            position += 1
        elif wire[position] == '"' and quoting:
            quoted = not quoted
        position += 1
    return position if position < len(wire) else 0


@pytest.mark.parametrize(
    ("text", "address"),
    [("<a@b>", "a@b"), ("a@b", "a@b"), ("<>", ""), ("<@x,@y:a@b>", "a@b"), (" <a@b> ", "a@b"), ("<a@b", "a@b")],
)
def test_bare_address_of_a_path(text: str, address: str) -> None:
    assert bare(text) == address

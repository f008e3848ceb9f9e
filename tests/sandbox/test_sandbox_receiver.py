"""Lines, content and chunks out of any cut of octets."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smtpnb.protocol.content import stuffed
from smtpnb.sandbox.receiver import LAX, STRICT, ChunkReceiver, Content, DataReceiver, EndOfData, Line, LineReceiver

OCTETS = st.lists(st.sampled_from([b"\r\n", b"\r", b"\n", b".", b"a", b"\r\n."]), max_size=30).map(b"".join)
CUTS = st.lists(st.integers(1, 7), max_size=40)


def pieces(data: bytes, sizes: list[int]) -> list[bytes]:
    cut, at = [], 0
    for size in sizes:
        cut.append(data[at : at + size])
        at += size
    return [*cut, data[at:]]


def received(data: bytes, sizes: list[int], end: EndOfData = STRICT) -> tuple[Content | None, bytes]:
    """The content, and what is left behind it."""
    receiver = DataReceiver(1_000_000, end)
    parts = pieces(data, sizes)
    for n, part in enumerate(parts):
        content, at = receiver.take(part, 0)
        if content is not None:
            return content, part[at:] + b"".join(parts[n + 1 :])
    return None, b""


@given(OCTETS, CUTS, st.binary(max_size=5))
@settings(max_examples=500, deadline=None)
def test_unstuffing_undoes_stuffing_for_any_cut(content: bytes, sizes: list[int], behind: bytes) -> None:
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", content)
    wire = stuffed(content) + (b"" if lines.endswith(b"\r\n") or not lines else b"\r\n") + b".\r\n"
    found, rest = received(wire + behind, sizes)
    assert found is not None
    assert found.raw == lines + (b"" if lines.endswith(b"\r\n") or not lines else b"\r\n")
    assert found.wire == wire
    assert found.size == len(found.raw)
    assert rest == behind


@given(OCTETS, CUTS, st.sampled_from([STRICT, LAX]))
@settings(max_examples=500, deadline=None)
def test_any_cut_of_any_octets_gives_the_same(data: bytes, sizes: list[int], end: EndOfData) -> None:
    whole = received(data, [], end)
    assert received(data, sizes, end) == whole
    assert received(data, [1] * len(data), end) == whole


@pytest.mark.parametrize(
    ("wire", "strict", "lax"),
    [
        (b".\r\n", b"", b""),
        (b"a\r\n.\r\n", b"a\r\n", b"a\r\n"),
        (b"a\n.\n", None, b"a\n"),
        (b"a\n.\r\n", None, b"a\n"),
        (b"a\r\n.\n", None, b"a\r\n"),
        (b"a\r.\r\n", None, b"a\r"),
        (b"a\r\n.\r", None, None),
        (b"a\r\n..\r\n", None, None),
        (b"a\r\n.\r\r\n", None, None),
        (b"..\r\n.\r\n", b".\r\n", b".\r\n"),
    ],
)
def test_end_of_data(wire: bytes, strict: bytes | None, lax: bytes | None) -> None:
    for end, expected in ((STRICT, strict), (LAX, lax)):
        content, _ = received(wire, [], end)
        assert (content.raw if content else None) == expected


def test_content_over_the_limit_is_counted_and_dropped() -> None:
    content, at = DataReceiver(3).take(b"abc\r\n.\r\nNOOP\r\n", 0)
    assert content == Content(b"", b"", 5)
    assert at == 8


@given(st.binary(max_size=40), CUTS, st.integers(2, 12))
def test_lines_are_the_same_for_any_cut(data: bytes, sizes: list[int], limit: int) -> None:
    def lines(parts: list[bytes]) -> list[Line]:
        receiver, found = LineReceiver(limit), []
        for part in parts:
            at = 0
            while at < len(part):
                line, at = receiver.take(part, at)
                found += [line] if line else []
        return found

    assert lines(pieces(data, sizes)) == lines([data])
    assert all(len(line.octets) <= limit for line in lines([data]))


def test_bare_line_feed_is_a_fault_and_a_bare_carriage_return_no_end() -> None:
    assert LineReceiver().take(b"a\nb", 0) == (Line(b"a", "A line ends with CR LF; this one ended with LF alone"), 2)
    assert LineReceiver().take(b"a\rb\r\n", 0) == (Line(b"a\rb"), 5)


def test_chunk_takes_exactly_its_octets() -> None:
    receiver = ChunkReceiver(4)
    assert receiver.take(b"xab", 1) == (None, 3)
    assert receiver.take(b"\r\nNOOP", 0) == (b"ab\r\n", 2)
    assert ChunkReceiver(2, keep=False).take(b"abc", 0) == (b"", 2)

"""Content on its way through DATA: CRLF line ends, stuffed dots, one terminator, in any pieces."""

from __future__ import annotations

import io
import re
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from splitting import splits, ways

from smtpnb.protocol import content as contents
from smtpnb.protocol.content import Stuffer, Tally, normalised, pieces, stuffed, transparent, unstuffed, verbatim
from smtpnb.protocol.limits import CONTENT_KEPT, PIECE

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRAPS = st.lists(
    st.sampled_from([b"\r", b"\n", b"\r\n", b".", b"..", b"a", b"\r\n.\r\n", b"\n.\n", b"\0", b"\xff", b""])
).map(b"".join)


def wire(chunks: list[bytes]) -> bytes:
    return b"".join(transparent(iter(chunks)))


def read_as_a_server(octets: bytes) -> tuple[bytes, bytes]:
    """RFC 5321 §4.5.2, line by line: the content, and what lies behind its end."""
    content, rest = [], octets
    while True:
        line, end, rest = rest.partition(b"\r\n")
        assert end, "no end of mail data"
        if line == b".":
            return b"".join(content), rest
        content.append(line.removeprefix(b".") + b"\r\n")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", b".\r\n"),
        (b"a", b"a\r\n.\r\n"),
        (b"a\r\n", b"a\r\n.\r\n"),
        (b"a\n", b"a\r\n.\r\n"),
        (b"a\r", b"a\r\n.\r\n"),
        (b".", b"..\r\n.\r\n"),
        (b".\r\n", b"..\r\n.\r\n"),
        (b"..", b"...\r\n.\r\n"),
        (b"\n.\n", b"\r\n..\r\n.\r\n"),
        (b"a\r\n.\r\nQUIT\r\n", b"a\r\n..\r\nQUIT\r\n.\r\n"),
        (b"a\n.\nQUIT", b"a\r\n..\r\nQUIT\r\n.\r\n"),
        (b"a\r.\rQUIT", b"a\r\n..\r\nQUIT\r\n.\r\n"),
        (b"a\n.\r\nb", b"a\r\n..\r\nb\r\n.\r\n"),
        (b"a\r\n.\nb", b"a\r\n..\r\nb\r\n.\r\n"),
        (b"\r\r\n\n\n\r", b"\r\n\r\n\r\n\r\n\r\n.\r\n"),
        (b"\ra\n", b"\r\na\r\n.\r\n"),
        (b"a\r.\nb", b"a\r\n..\r\nb\r\n.\r\n"),
        (b"a.b\r\n", b"a.b\r\n.\r\n"),
        (b"\0\xff\x80", b"\0\xff\x80\r\n.\r\n"),
    ],
)
def test_content_in_every_split(content: bytes, expected: bytes) -> None:
    for chunks in ways(content):
        assert wire(chunks) == expected, chunks


@given(splits(SCRAPS))
@example([b"a\r", b"", b"\n.b"])
@example([b"a", b".", b"\r", b"", b"\n", b"."])
def test_any_split_gives_clean_lines_and_exactly_one_terminator(chunks: list[bytes]) -> None:
    octets = wire(chunks)
    assert octets == wire([b"".join(chunks)])
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", octets), "a bare CR or LF"
    assert (b"\r\n" + octets).count(b"\r\n.\r\n") == 1
    assert octets.endswith(b".\r\n")
    content, rest = read_as_a_server(octets)
    assert rest == b""
    ended = normalised(b"".join(chunks))
    assert content == (ended if ended.endswith(b"\n") or not ended else ended + b"\r\n")


@given(splits(SCRAPS))
def test_unstuffing_undoes_stuffing(chunks: list[bytes]) -> None:
    stuffer = Stuffer()
    octets = b"".join(map(stuffer.stuff, chunks))
    assert octets == stuffed(b"".join(chunks))
    assert unstuffed(octets) == normalised(b"".join(chunks))
    assert stuffer.stuffed == len(octets) - len(normalised(b"".join(chunks)))


@given(SCRAPS)
def test_normalised_content_stays_as_it_is(content: bytes) -> None:
    once = normalised(content)
    assert normalised(once) == once
    assert once.replace(b"\r\n", b"").count(b"\r") == once.replace(b"\r\n", b"").count(b"\n") == 0
    lines = re.split(rb"\r\n|\r|\n", content)
    assert once.split(b"\r\n") == lines


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        ([], b".\r\n"),
        ([b"a"], b"a\r\n.\r\n"),
        ([b"a\r\n"], b"a\r\n.\r\n"),
        ([b".\n.\n"], b".\n.\n\r\n.\r\n"),
        ([b"a\r", b"\n"], b"a\r\n.\r\n"),
        ([b"a\r\n", b""], b"a\r\n.\r\n"),
        ([b"a\r"], b"a\r\r\n.\r\n"),
    ],
)
def test_verbatim_content_is_not_touched_but_ended(chunks: list[bytes], expected: bytes) -> None:
    assert b"".join(verbatim(iter(chunks))) == expected


def generated() -> Iterator[bytes | str]:
    yield from ("grü", b"\xc3\x9f", bytearray(b"e\r"), memoryview(b"\n."), "")


@pytest.mark.parametrize(
    "content",
    [
        "grüße\r\n.", "grüße\r\n.".encode(), bytearray("grüße\r\n.".encode()), memoryview("grüße\r\n.".encode()), io.BytesIO("grüße\r\n.".encode()),
        io.StringIO("grüße\r\n.", newline=""), ["grüße", b"\r\n."], ("grüße\r", "\n."), generated(),
    ],
    ids=lambda content: type(content).__name__,
)  # fmt: skip
def test_every_kind_of_content(content: Any) -> None:
    assert b"".join(pieces(content)) == "grüße\r\n.".encode()


@pytest.mark.parametrize("wrong", [None, 5, {"a": "b"}, object(), 1.5])
def test_content_that_is_none_is_a_type_error(wrong: object) -> None:
    with pytest.raises(TypeError, match="content is str, bytes"):
        pieces(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [5, None, ["x"]])
def test_chunk_that_is_neither_text_nor_octets_is_a_type_error(wrong: object) -> None:
    with pytest.raises(TypeError, match="a chunk of content"):
        list(pieces([b"fine", wrong]))  # type: ignore[list-item]


@pytest.mark.parametrize("place", [0, PIECE - 1, PIECE, 2 * PIECE + 1])
def test_text_that_no_octets_stand_for_is_refused_before_the_first_piece(place: int) -> None:
    with pytest.raises(ValueError, match="surrogates not allowed"):
        pieces("x" * place + "\ud800" + "x")


def test_pieces_are_bounded_and_small_chunks_joined() -> None:
    for content in (
        b"x" * (3 * PIECE + 1),
        "x" * (3 * PIECE + 1),
        io.BytesIO(b"x" * (3 * PIECE + 1)),
        [b"x" * (3 * PIECE + 1)],
        [b"x"] * (3 * PIECE + 1),
    ):
        sizes = [len(piece) for piece in pieces(content)]
        assert sum(sizes) == 3 * PIECE + 1
        assert max(sizes) <= PIECE
        assert len(sizes) == 4


def test_content_streams_in_constant_memory() -> None:
    tracemalloc.start()
    try:
        total = sum(len(piece) for piece in transparent(pieces(b".line\n" * 1000 for _ in range(5_000))))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert total > 30_000_000
    assert peak < 12 * PIECE


def test_small_content_is_one_write() -> None:
    assert list(transparent(pieces("a\n.\n"))) == [b"a\r\n..\r\n.\r\n"]


def test_iterator_that_raises_midway_is_never_terminated() -> None:
    def failing() -> Iterator[bytes]:
        yield b"one\r\n" * PIECE
        yield b"two\r\n" * PIECE
        raise OSError("the disk is gone")

    seen = bytearray()
    with pytest.raises(OSError, match="the disk is gone"):
        for piece in transparent(pieces(failing())):
            seen += piece
    assert contents.END_OF_DATA not in seen


def test_tally_counts_all_and_keeps_the_beginning() -> None:
    tally = Tally(iter([b"a" * 3000, b"b" * 3000, b"c"]))
    assert b"".join(tally) == b"a" * 3000 + b"b" * 3000 + b"c"
    assert len(tally) == 6001
    assert tally[:CONTENT_KEPT] == b"a" * 3000 + b"b" * (CONTENT_KEPT - 3000)


def test_tally_puts_the_head_before_the_first_piece_even_of_nothing() -> None:
    assert list(Tally(iter([b"a", b"b"]), b"BDAT 2\r\n")) == [b"BDAT 2\r\na", b"b"]
    tally = Tally(iter([]), b"BDAT 0 LAST\r\n")
    assert tally  # it is content, if of nothing
    assert list(tally) == [b"BDAT 0 LAST\r\n"]
    assert len(tally) == 0

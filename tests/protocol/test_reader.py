"""Framing of replies: the same from any split, complete or an error, at a cost linear in what came."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from splitting import splits, ways

from smtpnb.errors import SmtpProtocolError
from smtpnb.protocol import limits
from smtpnb.protocol.reader import RawReply, ReplyReader, one_reply
from smtpnb.protocol.reply import cut

#: What hypothesis builds streams of: the interesting octets far more often than chance would have them.
SCRAPS = st.lists(
    st.sampled_from([b"250 ", b"250-", b"250", b"251-", b"\r\n", b"\r", b"\n", b"-", b" ", b"a", b"2", b"\xff", b"", b"\0"])
    | st.binary(max_size=3)
).map(b"".join)  # fmt: skip


def outcome(pieces: list[bytes], **sizes: float) -> tuple[list[RawReply], bool]:
    """The replies in these pieces, and whether an error ended them."""
    reader = ReplyReader(**sizes)
    replies: list[RawReply] = []
    try:
        for piece in pieces:
            reader.feed(piece)
            while reply := reader.next_reply():
                replies.append(reply)
    except SmtpProtocolError:
        return replies, True
    return replies, False


def assert_every_way(octets: bytes, replies: list[bytes], *, broken: bool) -> None:
    expected = [RawReply(int(raw[:3]), raw) for raw in replies]
    for pieces in ways(octets):
        assert outcome(pieces) == (expected, broken), pieces


@pytest.mark.parametrize(
    "raw",
    [
        b"250 ok\r\n",
        b"250 \r\n",
        b"250\r\n",
        b"250-first\r\n250 last\r\n",
        b"250-\r\n250-\r\n250\r\n",
        b"220-a\r\n220-b\r\n220-c\r\n220 d\r\n",
        b"299 2\r\n",
        b"599 5\r\n",
        b"200 2\r\n",
        b"250 \xff\xfe not UTF-8\r\n",
        b"250 tab\there, NUL\0there, CR\rthere\r\n",
        "250-\u2028\u0085\x0b\x0c\x1c\r\n250 ünï\r\n".encode(),
        b"250-250 looks like the end\r\n250-250-\r\n250 end\r\n",
        b"250--\r\n250  \r\n",
    ],
)
def test_reply_whole_octet_by_octet_and_with_another_behind_it(raw: bytes) -> None:
    assert_every_way(raw, [raw], broken=False)
    assert_every_way(raw + b"354 next\r\n", [raw, b"354 next\r\n"], broken=False)
    assert_every_way(raw + b"354-nex", [raw], broken=False)


@pytest.mark.parametrize(
    "line",
    [
        b"+25 x", b"2_5 x", b" 25 x", b"25 x", b"2 x", b"199 x", b"600 x", b"999 x", b"000 x", b"-25 x", b"2500 x",
        "٢٥٠ x".encode(), "２５０ x".encode(), b"0x2 x", b"25. x", b"2 5 x", b"", b"x", b"\t250 x", b"250x", b"250\tx", b"250_x",
        b"250\0", b"\xff\xfe\xfd ", b"2.5 x", b"1e2 x",
    ],
)  # fmt: skip
def test_line_with_a_strange_code_is_no_reply(line: bytes) -> None:
    assert_every_way(line + b"\r\n", [], broken=True)
    assert_every_way(b"250 good\r\n" + line + b"\r\n", [b"250 good\r\n"], broken=True)
    assert_every_way(b"250-good\r\n" + line + b"\r\n250 end\r\n", [], broken=True)


@pytest.mark.parametrize("second", [b"251 b", b"251-b", b"550 b", b"220 b"])
def test_mixed_codes_are_no_reply(second: bytes) -> None:
    assert_every_way(b"250-a\r\n" + second + b"\r\n250 c\r\n", [], broken=True)


@pytest.mark.parametrize(
    "octets",
    [
        b"250 ok\n",
        b"250-a\n250 b\r\n",
        b"250-a\r\n250 b\n",
        b"250-a\nb\r\n250 c\r\n",
        b"250 a\nb\r\n",
        b"\n",
        b"\r\n",
        b"250 a\r\r\n\n",
    ],
)
def test_bare_lf_is_no_line_end(octets: bytes) -> None:
    replies, broken = outcome([octets])
    assert broken
    assert all(reply.raw.endswith(b"\r\n") and b"\n" not in reply.raw[:-2].replace(b"\r\n", b"") for reply in replies)
    for pieces in ways(octets):
        assert outcome(pieces) == (replies, True), pieces


def test_bare_cr_is_text_and_no_line_end() -> None:
    assert_every_way(b"250 a\rb\r\r\n", [b"250 a\rb\r\r\n"], broken=False)


def test_incomplete_reply_is_pending_and_never_given_out() -> None:
    whole = b"250-first\r\n250 last\r\n"
    for end in range(len(whole)):
        reader = ReplyReader()
        reader.feed(whole[:end])
        assert reader.next_reply() is None
        assert reader.pending == whole[:end]


def test_given_out_octets_are_pending_no_more() -> None:
    reader = ReplyReader()
    reader.feed(b"250 one\r\n250 two\r\n250-thr")
    assert reader.next_reply() == (250, b"250 one\r\n")
    assert reader.pending == b"250 two\r\n250-thr"
    assert reader.next_reply() == (250, b"250 two\r\n")
    assert reader.next_reply() is None
    assert reader.pending == b"250-thr"


@pytest.mark.parametrize("rubbish", [b"GARBAGE\r\n", b"\n", b"251 x\n", b"250-a\r\n251 b\r\n", b"600 x\r\nyz"])
def test_malformed_octets_are_pending(rubbish: bytes) -> None:
    """Who asks whether anything is unread must not be told no because it was unreadable."""
    for pieces in ways(rubbish):
        reader = ReplyReader()
        reader.feed(b"220 go ahead\r\n")
        for piece in pieces:
            reader.feed(piece)
        assert reader.next_reply() == (220, b"220 go ahead\r\n")
        assert reader.pending, pieces


def test_error_comes_after_the_replies_before_it_and_for_ever() -> None:
    reader = ReplyReader()
    reader.feed(b"250 one\r\nrubbish\r\n250 two\r\n")
    assert reader.next_reply() == (250, b"250 one\r\n")
    for _ in range(3):
        with pytest.raises(SmtpProtocolError, match="rubbish"):
            reader.next_reply()
        reader.feed(b"250 three\r\n")


@given(splits(SCRAPS))
@example([b"250 a\r\n", b"25", b"0 b\r\n"])
@example([b"250-a\r\n25\r\n250 b\r\n"])
@example([b"250-\r\n\n\n250 b\r\n"])
def test_any_split_of_any_octets_gives_the_same_replies(pieces: list[bytes]) -> None:
    whole = b"".join(pieces)
    replies, broken = outcome([whole])
    assert outcome(pieces) == (replies, broken)
    assert outcome([bytes((octet,)) for octet in whole]) == (replies, broken)
    given_out = b"".join(reply.raw for reply in replies)
    assert whole.startswith(given_out)
    for reply in replies:
        assert 200 <= reply.code <= 599
        assert all(line[:3] == b"%d" % reply.code for line in reply.raw[:-2].split(b"\r\n"))
        assert one_reply(reply.raw) == reply


def framed(octets: bytes) -> tuple[list[RawReply], bool]:
    """What `outcome` is to be, told line by line with no thought for speed (RFC 5321 §4.2)."""
    replies: list[RawReply] = []
    lines: list[bytes] = []
    for line in re.findall(rb"[^\n]*\n", octets):
        lines.append(line)
        if not re.fullmatch(rb"[2-5][0-9][0-9](?:[ -].*)?\r\n", line, re.DOTALL) or line[:3] != lines[0][:3]:
            return replies, True
        if line[3:4] != b"-":
            replies.append(RawReply(int(line[:3]), b"".join(lines)))
            lines = []
    return replies, False


LINES = st.lists(
    st.sampled_from([b"250-a\r\n", b"250 a\r\n", b"250\r\n", b"251-b\r\n", b"250-\n", b"250 \n", b"250-\r\r\n", b"x\r\n", b"250", b"\r\n"]),
    max_size=9,
).map(b"".join)  # fmt: skip


@given(splits(LINES) | splits(SCRAPS))
@example([b"250-a\r\n250 b\nc\r\n"])
@example([b"250-a\r\n250-b\n250 c\r\n"])
@example([b"250-a\n250 b\r\n"])
@example([b"250-a\n250-b\r\n250 c\r\n"])
@example([b"250-a\r\n251 b\r\n250 c\r\n"])
def test_replies_are_what_reading_line_by_line_gives(pieces: list[bytes]) -> None:
    replies, broken = outcome(pieces)
    expected, wrong = framed(b"".join(pieces))
    assert (replies, broken) == (expected, wrong)
    for reply in replies:
        assert [text.encode("utf-8", "surrogateescape") for text in cut(reply.raw)] == reply.texts


@given(splits(SCRAPS), st.integers(5, 12), st.integers(5, 20), st.integers(1, 3))
def test_any_split_meets_the_same_limits(pieces: list[bytes], line: int, reply: int, lines: int) -> None:
    sizes = {"max_line": line, "max_reply": reply, "max_lines": lines}
    whole = b"".join(pieces)
    replies, _ = outcome([whole], **sizes)
    assert outcome(pieces, **sizes) == outcome([whole], **sizes)
    for given_out in replies:
        texts = given_out.raw.split(b"\r\n")[:-1]
        assert len(given_out.raw) <= reply
        assert len(texts) <= lines
        assert all(len(text) + 2 <= line for text in texts)


@pytest.mark.parametrize("end", [b" ", b"-"])
def test_line_of_the_limit_passes_and_one_octet_more_does_not(end: bytes) -> None:
    longest = b"250" + end + b"x" * (limits.MAX_LINE - 6) + b"\r\n"
    assert len(longest) == limits.MAX_LINE
    last = b"" if end == b" " else b"250 end\r\n"
    octets = [bytes((octet,)) for octet in longest + last]
    assert outcome([longest + last]) == outcome(octets) == ([(250, longest + last)], False)
    too_long = longest.replace(b"x", b"xx", 1)
    assert outcome([too_long + last]) == outcome([bytes((o,)) for o in too_long + last]) == ([], True)


def test_line_without_end_is_an_error_before_its_end() -> None:
    reader = ReplyReader()
    reader.feed(b"250 " + b"x" * limits.MAX_LINE)
    with pytest.raises(SmtpProtocolError, match="line is longer than 16,384 octets"):
        reader.next_reply()


def test_reply_without_end_is_an_error_by_its_size_and_by_its_lines() -> None:
    assert outcome([b"250-" + b"x" * 1000 + b"\r\n"] * 1044) == ([], True)
    assert outcome([b"250-" + b"x" * 1000 + b"\r\n"] * 1042) == ([], False)
    assert outcome([b"250-\r\n"] * limits.MAX_REPLY_LINES) == ([], False)
    assert outcome([b"250-\r\n"] * (limits.MAX_REPLY_LINES + 1)) == ([], True)
    assert outcome([b"250-\r\n" * (limits.MAX_REPLY_LINES + 1)]) == ([], True)


def test_reply_of_the_limit_passes_and_one_octet_more_does_not() -> None:
    line = b"250-" + b"x" * 1018 + b"\r\n"
    largest = line * 1023 + line.replace(b"-", b" ")
    assert len(largest) == limits.MAX_REPLY
    assert outcome([largest]) == ([(250, largest)], False)
    assert outcome([largest.replace(b"x", b"xx", 1)]) == ([], True)


@pytest.mark.parametrize("size", [1, 7, 16_384])
def test_cost_of_a_large_reply_is_linear_however_it_drips(size: int) -> None:
    """1 MiB octet by octet: a reader that joined or searched everything at each octet would take hours."""
    line = b"250-" + b"x" * 1018 + b"\r\n"
    raw = line * 1023 + line.replace(b"-", b" ")
    reader = ReplyReader()
    began = time.process_time()
    for place in range(0, len(raw), size):
        reader.feed(raw[place : place + size])
        assert reader.next_reply() is None or place + size >= len(raw)
    assert time.process_time() - began < 5


def test_cost_of_many_short_lines_is_linear() -> None:
    raw = b"250-\r\n" * (limits.MAX_REPLY_LINES - 1) + b"250 \r\n"
    began = time.process_time()
    assert outcome([raw]) == ([(250, raw)], False)
    assert outcome([raw[place : place + 3] for place in range(0, len(raw), 3)]) == ([(250, raw)], False)
    assert time.process_time() - began < 5


def test_cost_of_many_replies_in_one_piece_is_linear() -> None:
    raw = b"250-a\r\n250 b\r\n"
    began = time.process_time()
    assert outcome([raw * 50_000]) == ([(250, raw)] * 50_000, False)
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("octets", "granted"),
    [
        (b"250 a\r\n250 b\r\n354 c\r\n", True),
        (b"250 a\r\n251 \r\n354 \r\n", True),
        (b"250 a\r\n354 c\r\n", False),  # one is still to come
        (b"250 a\r\n250 b\r\n354 c\r\n250 d\r\n", False),
        (b"250 a\r\n250 b\r\n354 c\r\n354 d\r\n", False),
        (b"250 a\r\n250 b\r\n554 c\r\n", False),
        (b"250 a\r\n250 b\r\n250 c\r\n", False),
        (b"250 a\r\n550 b\r\n354 c\r\n", False),
        (b"354 a\r\n250 b\r\n354 c\r\n", False),
        (b"250-a\r\n250 b\r\n354 c\r\n", False),
        (b"250 a\r\n250 b\r\n354-c\r\n", False),
        (b"250 a\r\n250 b\r\n354 c\r", False),
        (b"250 a\n250 b\r\n354 c\r\n", False),
        (b"250 a\r\n250 b\r\n354 " + b"c" * 5000 + b"\r\n", False),  # what is long is looked at in earnest
    ],
)
def test_envelope_is_granted_by_nothing_but_a_2xx_each_and_a_354(octets: bytes, granted: bool) -> None:
    assert ReplyReader().grants(octets, 3) is granted


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n", "HTTP server"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "SSH server"),
        (b"+OK ready\r\n", "POP3 server"),
        (b"* OK IMAP4\r\n", "IMAP server"),
        (b"\x15\x03\x01\x00\x02\x02\x0a", "TLS from the first octet"),
    ],
)
def test_other_protocols_are_named(octets: bytes, words: str) -> None:
    with pytest.raises(SmtpProtocolError, match="this is not SMTP") as caught:
        one_reply(octets)
    assert words in caught.value.to_text()


@pytest.mark.parametrize(
    "raw",
    [b"", b"250 ok", b"250 ok\r", b"250 ok\n", b"250-ok\r\n", b"250 a\r\n250 b\r\n", b"250 a\r\nx", b"250 a\r\nx\r\n"],
)
def test_one_reply_is_one_whole_reply(raw: bytes) -> None:
    with pytest.raises(SmtpProtocolError):
        one_reply(raw)


def test_one_reply_has_no_limits() -> None:
    raw = b"250-" + b"x" * (2 * limits.MAX_REPLY) + b"\r\n" + b"250-\r\n" * 70_000 + b"250 end\r\n"
    assert one_reply(raw).raw == raw


def test_texts_are_cut_at_crlf_only() -> None:
    assert one_reply("250-a\u0085b\r\n250-\r\n250\r\n".encode()).texts == ["a\u0085b".encode(), b"", b""]


#: Replies that a server gives again and again, one that goes on, and such as grant an envelope.
REPEATED = [b"250 ok\r\n", b"250 Ok\r\n", b"354 go\r\n", b"250-a\r\n250 b\r\n", b"421 x\r\n", b"250-a\r\n",
            b"250 a\r\n354 go\r\n", b"250 a\r\n250 b\r\n354 go\r\n", b"250 a\r\n250 b\r\n354 go\r\n"]  # fmt: skip


@given(st.lists(st.sampled_from(REPEATED), max_size=60))
def test_reply_that_came_before_is_read_as_the_first_time(said: list[bytes]) -> None:
    remembering = ReplyReader()
    for octets in said:
        for count in (1, 2, 3):
            assert remembering.grants(octets, count) == ReplyReader().grants(octets, count)
        assert remembering.take(octets) == ReplyReader().take(octets)
        if not remembering.idle:
            return  # what comes next belongs to it, or behind it


def test_only_so_many_short_replies_are_remembered() -> None:
    reader = ReplyReader()
    for number in range(100):
        reply = reader.take(b"250 %d%s\r\n" % (number, b"x" * (number * 5)))
        assert reply is not None
        assert reader.grants(b"250 %d\r\n354 go\r\n" % number, 2)
    assert len(reader._known) <= 16
    assert len(reader._granted) <= 16
    assert max(map(len, reader._known)) <= 256

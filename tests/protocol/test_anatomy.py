"""Octets taken apart: nothing is lost, and every part has its name."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpnb import Sandbox
from smtpnb.protocol.anatomy import (
    LABELS,
    command_segments,
    content_segments,
    explain_command,
    lines_of,
    reply_lines,
    reply_segments,
)
from smtpnb.protocol.reply import SmtpReply
from smtpnb.secret import MASK

OCTETS = st.one_of(
    st.binary(max_size=200),
    st.lists(
        st.sampled_from(
            [b"MAIL", b"rcpt", b" ", b"  ", b"FROM:", b"to:", b"<", b">", b"@", b'"', b"\\", b"a", b"@a,@b:", b"=", b"K=V",
             b"\r\n", b"\r", b"\n", b"\0", b".", b"250", b"-", b"5.1.1", b"\xff", b"AUTH PLAIN x", MASK.encode()]
        ),
        max_size=20,
    ).map(b"".join),
)  # fmt: skip


@given(OCTETS)
@pytest.mark.parametrize("taken_apart", [command_segments, reply_segments, content_segments])
def test_segments_joined_are_the_line_again(taken_apart: object, line: bytes) -> None:
    segments = taken_apart(line)  # type: ignore[operator]
    assert b"".join(segment.octets for segment in segments) == line
    assert all(segment.octets and segment.label in LABELS for segment in segments)


@given(st.lists(st.sampled_from([b"a", b"\r\n", b"\r", b"\n", b"."]), max_size=20).map(b"".join))
def test_lines_joined_are_the_octets_again(octets: bytes) -> None:
    lines = lines_of(octets)
    assert b"".join(lines) == octets
    assert all(line and line[:-2].find(b"\r\n") < 0 for line in lines)


@pytest.mark.parametrize(
    ("line", "labels"),
    [
        (b"NOOP", "verb"),
        (b"QUIT\r\n", "verb|CR LF"),
        (b"EHLO a.example\r\n", "verb|space|argument|CR LF"),
        (b"XYZZY a  b\r\n", "verb|space|argument|space|argument|CR LF"),
        (b"MAIL FROM:<>\r\n", "verb|space|path keyword|open bracket|close bracket|CR LF"),
        (b"RCPT TO:<b@c>", "verb|space|path keyword|open bracket|local-part|at sign|domain|close bracket"),
        (b"rcpt to: b@c", "verb|space|path keyword|space|local-part|at sign|domain"),
        (b'RCPT TO:<"a b@"@c>', "verb|space|path keyword|open bracket|local-part|at sign|domain|close bracket"),
        (b"RCPT TO:<@x,@y:b@c>", "verb|space|path keyword|open bracket|source route|local-part|at sign|domain|close bracket"),
        (b"MAIL FROM:<a@b> SIZE=1 SMTPUTF8", "verb|space|path keyword|open bracket|local-part|at sign|domain|close bracket|space|parameter|equals sign|value|space|parameter"),
        (b"MAIL a@b", "verb|space|argument"),
        (b"NOOP\r\nQUIT\n", "verb|CR LF|argument|bare LF"),
        (b"NOOP\r", "verb|bare CR"),
        (b".\r\n", "end of mail data|CR LF"),
    ],
)  # fmt: skip
def test_parts_of_a_command(line: bytes, labels: str) -> None:
    assert [segment.label for segment in command_segments(line)] == labels.split("|")


@pytest.mark.parametrize(
    ("line", "labels"),
    [
        (b"250\r\n", "code|CR LF"),
        (b"250-\r\n", "code|separator -|CR LF"),
        (b"250 OK\r\n", "code|separator SP|text|CR LF"),
        (b"250-SIZE 1\r\n", "code|separator -|text|CR LF"),
        (b"550 5.1.1 No such user\r\n", "code|separator SP|enhanced status|space|text|CR LF"),
        (b"220 1.2.3 x", "code|separator SP|text"),
        (b"not a reply", "text"),
        (f"535 wrong: {MASK}\r\n".encode(), "code|separator SP|text|hidden|CR LF"),
    ],
)
def test_parts_of_a_reply(line: bytes, labels: str) -> None:
    assert [segment.label for segment in reply_segments(line)] == labels.split("|")


def test_a_reply_is_taken_apart_line_by_line() -> None:
    raw = b"250-a\r\n250-b\x0bc\r\n250 d\r\n"
    lines = tuple(reply_lines(raw))
    assert [line.octets for line in lines] == [b"250-a\r\n", b"250-b\x0bc\r\n", b"250 d\r\n"]
    assert SmtpReply.parse(raw).bytes().lines == lines


@pytest.mark.parametrize(
    "command",
    [
        "AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=",
        "auth  plain AGFsaWNlAHdvbmRlcmxhbmQ=\r\n",
        "EHLO a\r\nAUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=\r\n",
        "AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=\0x",
    ],
)
def test_an_initial_response_is_hidden_and_so_is_its_length(command: str) -> None:
    anatomy = explain_command(command)
    shown = f"{anatomy.to_text()} {anatomy!r} {pickle.dumps(anatomy)!r} {anatomy.to_html()}"
    assert "AGFs" not in shown
    assert "41 47 46 73" not in shown
    assert "length not told" in repr(anatomy)


@pytest.mark.parametrize("command", ["NOOP", "NOOP\r\n", "NOOP\n", b"NOOP\r\n"])
def test_a_line_end_is_added_where_there_is_none(command: str | bytes) -> None:
    (line,) = explain_command(command).lines
    assert line.octets in (b"NOOP\r\n", b"NOOP\n")


def test_two_lines_are_two_commands() -> None:
    assert [line.octets for line in explain_command("NOOP x\r\nQUIT").lines] == [b"NOOP x\r\n", b"QUIT\r\n"]


@given(OCTETS)
def test_any_octets_can_be_explained(octets: bytes) -> None:
    text = explain_command(octets).to_text()
    assert "\r" not in text
    assert "\x1b" not in text


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(TypeError, match="a command is str or bytes, not int"):
        explain_command(42)  # type: ignore[arg-type]


def test_a_label_has_one_number() -> None:
    anatomy = explain_command("MAIL FROM:<a@b> SIZE=1")
    assert list(anatomy.numbers.values()) == list(range(1, len(anatomy.numbers) + 1))
    assert "One command, octet by octet: 24 octets" in anatomy.to_text()


def test_of_many_lines_the_first_are_taken_apart_and_the_others_counted() -> None:
    anatomy = SmtpReply.parse(b"250-x\r\n" * 4999 + b"250 x\r\n").bytes()
    assert (len(anatomy.lines), anatomy.more) == (1000, 4000)
    assert "and 4,000 more lines not taken apart" in repr(anatomy)


def test_line_of_a_chunk_is_no_end_of_mail_data() -> None:
    with Sandbox(in_memory=True) as sandbox, sandbox.client() as client:
        client.ehlo()
        client.mail("alice@example.org")
        client.rcpt("bob@example.org")
        client.bdat(b".\r\nx\r\n", last=True)
        kinds = [segment.label for line in client.transcript.bytes("BDAT").lines for segment in line.segments]
    assert kinds.count("chunk") == 2
    assert "end of mail data" not in kinds

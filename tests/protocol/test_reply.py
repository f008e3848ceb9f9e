"""`SmtpReply`: one whole reply as a value, of text that is kept as it came."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpnb.errors import SmtpProtocolError, SmtpReplyError
from smtpnb.protocol.reply import EnhancedStatus, SmtpReply
from smtpnb.text import visible


def test_reply_of_one_line() -> None:
    reply = SmtpReply.parse("250 2.1.0 sender ok\r\n")
    assert (reply.code, reply.lines, reply.message) == (250, ("2.1.0 sender ok",), "2.1.0 sender ok")
    assert reply.enhanced_status == EnhancedStatus(2, 1, 0)
    assert (reply.severity, reply.category, reply.detail) == (2, 5, 0)
    assert reply.success
    assert reply.raw == b"250 2.1.0 sender ok\r\n"


def test_reply_of_several_lines() -> None:
    reply = SmtpReply.parse(b"250-mx\r\n250-SIZE\r\n250\r\n")
    assert reply.lines == ("mx", "SIZE", "")
    assert reply.message == "mx\nSIZE\n"
    assert list(reply.wire_lines()) == [("-", "mx"), ("-", "SIZE"), ("", "")]


@pytest.mark.parametrize(
    "strange", ["\u0085", "\u2028", "\u2029", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\r", "\t", "\0"]
)
def test_lines_are_cut_at_crlf_only(strange: str) -> None:
    text = f"a{strange}b"
    assert SmtpReply.parse(f"250 {text}\r\n").lines == (text,)
    assert SmtpReply.parse(f"250-{text}\r\n250 {text}\r\n").lines == (text, text)
    assert str(SmtpReply.parse(f"250-{text}\r\n250 {text}\r\n")).count("\n") == 1


def test_undecodable_octets_are_kept_and_visible() -> None:
    reply = SmtpReply.parse(b"550 caf\xe9 and caf\xc3\xa9\r\n")
    assert reply.lines == ("caf\udce9 and café",)
    assert reply.lines[0].encode("utf-8", "surrogateescape") == b"caf\xe9 and caf\xc3\xa9"
    assert str(reply) == "550 caf⟨0xE9⟩ and café"
    str(reply).encode()
    assert SmtpReply.parse("550 caf\udce9\r\n").raw == b"550 caf\xe9\r\n"


def test_undecodable_octets_across_a_line_end_belong_to_their_lines() -> None:
    assert SmtpReply.parse(b"250-\xc3\r\n250 \xa9\r\n").lines == ("\udcc3", "\udca9")


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("2.0.0 ok", "2.0.0"), ("4.7.1", "4.7.1"), ("5.999.999 x", "5.999.999"), ("5.1.1\tx", "5.1.1"),
        ("3.0.0 x", None), ("1.0.0 x", None), ("5.1 x", None), ("5.01.1 x", None), ("5.1.1000 x", None), ("5.1.1.1 x", None),
        (" 5.1.1 x", None), ("x 5.1.1", None), ("٥.1.1 x", None), ("5.1.1x", None), ("", None),
    ],
)  # fmt: skip
def test_enhanced_status(text: str, status: str | None) -> None:
    found = SmtpReply.parse(f"550 {text}\r\n").enhanced_status
    assert (None if found is None else str(found)) == status


def test_enhanced_status_has_class_subject_detail() -> None:
    status = SmtpReply.parse("550 5.1.2 x\r\n").enhanced_status
    assert status is not None
    assert (status.class_, status.subject, status.detail) == (5, 1, 2)


@pytest.mark.parametrize(
    ("code", "success"), [(200, True), (250, True), (354, True), (399, True), (400, False), (421, False), (599, False)]
)
def test_success_is_2xx_and_3xx(code: int, success: bool) -> None:
    reply = SmtpReply.parse(f"{code} x\r\n")
    assert reply.success is success
    if success:
        assert reply.raise_for_status() is reply
    else:
        with pytest.raises(SmtpReplyError, match=f"{code} x") as caught:
            reply.raise_for_status()
        assert caught.value.reply is reply


@pytest.mark.parametrize(
    ("code", "verified"), [(250, True), (550, False), (252, None), (251, None), (502, None), (450, None)]
)
def test_verified_is_what_vrfy_says(code: int, verified: bool | None) -> None:
    assert SmtpReply(code, ("x",), b"", command="VRFY bob").verified is verified
    assert SmtpReply(code, ("x",), b"", command="expn staff").verified is verified
    assert SmtpReply(code, ("x",), b"", command="RCPT TO:<bob>").verified is None


@pytest.mark.parametrize(
    "raw", ["", "250 ok", "250 ok\n", "250-ok\r\n", "250 a\r\n250 b\r\n", "ok\r\n", "250-a\r\n251 b\r\n", "٢٥٠ ok\r\n"]
)
def test_parsing_refuses_what_is_no_whole_reply(raw: str) -> None:
    for form in (raw, raw.encode()):
        with pytest.raises(SmtpProtocolError):
            SmtpReply.parse(form)


@pytest.mark.parametrize("wrong", [None, 250, ["250 ok\r\n"], bytearray(b"250 ok\r\n")])
def test_parsing_refuses_what_is_no_text(wrong: object) -> None:
    with pytest.raises(TypeError, match="str or bytes"):
        SmtpReply.parse(wrong)  # type: ignore[arg-type]


@given(
    st.integers(200, 599),
    st.lists(st.binary(max_size=12).filter(lambda text: b"\n" not in text), min_size=1, max_size=4),
)
def test_text_comes_through_unchanged(code: int, texts: list[bytes]) -> None:
    separators = [b"-"] * (len(texts) - 1) + [b" "]
    raw = b"".join(b"%d%b%b\r\n" % (code, separator, text) for separator, text in zip(separators, texts, strict=True))
    reply = SmtpReply.parse(raw)
    assert reply.code == code
    assert [line.encode("utf-8", "surrogateescape") for line in reply.lines] == texts
    assert reply.raw == raw


@given(st.binary())
def test_parsing_any_octets_gives_a_reply_or_our_error(raw: bytes) -> None:
    try:
        reply = SmtpReply.parse(raw)
    except SmtpProtocolError as error:
        assert visible(str(error)) == str(error)
    else:
        assert reply.raw == raw


@pytest.mark.parametrize("raw", [b"250 9" + b"9" * 5000 + b"\r\n", b"9" * 5000 + b"\r\n", b"250 \xed\xa0\x80\r\n"])
def test_no_stray_exception(raw: bytes) -> None:
    try:
        SmtpReply.parse(raw)
    except SmtpProtocolError:
        assert not raw.startswith(b"250")


def test_repr_is_one_line_without_controls_and_bounded() -> None:
    reply = SmtpReply.parse(
        b"250-\x1b[2J\xe2\x80\xae evil " + b"x" * 100_000 + b"\r\n" + b"250-more\r\n" * 9 + b"250 end\r\n"
    )
    assert repr(reply).startswith("<SmtpReply 250 ⟨ESC⟩[2J⟨U+202E⟩ evil xxx")
    assert repr(reply).endswith("(and 10 more lines)>")
    assert len(repr(reply)) < 500
    assert visible(repr(reply)) == repr(reply)
    assert visible(repr(SmtpReply(250, ("x",), b"", command="NOOP \x1b" + "y" * 9999))).count("\x1b") == 0


def test_reply_is_frozen_picklable_and_compared_by_what_was_said() -> None:
    reply = SmtpReply(250, ("ok",), b"250 ok\r\n", elapsed=1.0, command="NOOP")
    for other in (
        pickle.loads(pickle.dumps(reply)),
        copy.deepcopy(reply),
        SmtpReply(250, ("ok",), b"250 ok\r\n", command="NOOP"),
    ):
        assert other == reply
        assert hash(other) == hash(reply)
    with pytest.raises(AttributeError):
        reply.code = 251  # type: ignore[misc]


def test_reply_error_is_picklable_and_tells_what_was_answered() -> None:
    reply = SmtpReply(550, ("5.1.1 no \x1b such user",), b"550 5.1.1 no \x1b such user\r\n", command="RCPT TO:<x@y>")
    error = pickle.loads(pickle.dumps(SmtpReplyError(reply)))
    assert error.reply == reply
    assert str(error) == "the server said 550 5.1.1 no ⟨ESC⟩ such user to RCPT TO:<x@y>"

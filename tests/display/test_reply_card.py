"""The reply card: framing, meaning, next step."""

import pytest
from html_checks import text_of
from view_examples import EHLO, GREETING, NO_SUCH_USER, RECIPIENTS, SENDER, lines, reply

from smtpnb import display, options
from smtpnb.protocol.next_step import next_steps
from smtpnb.protocol.conversation import Conversation, Stage
from smtpnb.protocol.reply import SmtpReply

READY = Conversation(Stage.READY, greeted_with="EHLO")


def text(value: SmtpReply) -> str:
    return text_of(display.html(value) or "")


def test_heading_reads_as_a_sentence_without_styles() -> None:
    begin = "220 ✔ success (done, go ahead) · ○ cleartext · RFC 5321 §3.1"
    assert text(GREETING).startswith(begin)


@pytest.mark.parametrize(
    ("raw", "framing"),
    [
        (b"250\r\n", ["S: 250"]),
        (b"250 \r\n", ["S: 250␣"]),
        (b"250 OK\r\n", ["S: 250␣OK"]),
        (b"250-a\r\n250-\r\n250\r\n", ["S: 250-a", "S: 250-", "S: 250"]),
        (b"250-a\r\n250 b\r\n", ["S: 250-a", "S: 250␣b"]),
    ],
)
def test_the_separator_is_shown_as_it_came(raw: bytes, framing: list[str]) -> None:
    assert "".join(framing) + "Meaning:" in text(reply(raw))


def test_command_tls_and_both_meanings_are_said() -> None:
    shown = text(NO_SUCH_USER)
    for words in ("C: RCPT TO:<nobody@example.org>", "🔒 inside TLS", "✖ refused", "5.1.1: There is no mailbox"):
        assert words in shown


def test_the_end_of_data_is_named() -> None:
    assert "C: . (end of mail data)" in text(reply(b"250 OK\r\n", "."))


def test_many_lines_are_counted_where_they_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(options, "reply_lines", 4)
    assert "S: 250-2… 6 more lines …S: 250␣9" in text(reply(lines(250, *map(str, range(10)))))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (GREETING, "EHLO"),
        (EHLO, "STARTTLS is on offer"),
        (reply(lines(250, "hi", "AUTH PLAIN"), "EHLO a", secure=True, conversation=READY), "AUTH is on offer"),
        (reply(lines(250, "hi", "SIZE"), "EHLO a", conversation=READY), "MAIL"),
        (reply(b"220 go\r\n", "STARTTLS", conversation=READY), "EHLO again"),
        (reply(b"250 OK\r\n", "MAIL FROM:<a@b.example>", conversation=READY), "RCPT"),
        (reply(b"250 OK\r\n", "RCPT TO:<a@b.example>", conversation=SENDER), "DATA"),
        (reply(b"354 go\r\n", "DATA", conversation=RECIPIENTS), "lone dot"),
        (reply(b"503 no\r\n", "DATA", conversation=SENDER), "Here: RCPT first"),
        (reply(b"503 no\r\n", "DATA"), "at least one RCPT"),
    ],
)
def test_the_next_step_depends_on_where_the_session_stands(value: SmtpReply, words: str) -> None:
    assert any(words in step for step in next_steps(value))
    assert words in text(value)


@pytest.mark.parametrize("value", [reply(b"250 OK\r\n"), reply(b"221 Bye\r\n", "QUIT", conversation=READY)])
def test_no_next_step_where_there_is_none(value: SmtpReply) -> None:
    assert next_steps(value) == ()
    assert "Next:" not in text(value)

"""A server that follows a script to the letter."""

from __future__ import annotations

import re
import smtplib
from typing import Any

import pytest

from smtpnb.sandbox import Close, Pause, Sandbox, Stall, StartTls
from smtpnb.sandbox.script import ScriptedSession, cues
from smtpnb.sandbox.steps import Octets, joined


def played(script: list[Any], *said: bytes) -> list[bytes]:
    session = ScriptedSession(cues(script))
    return [joined(session.greet()), *(joined(session.receive(data)) for data in said)]


def test_script_is_followed() -> None:
    script = [(None, "220 hello"), ("EHLO", "250-one\r\n250 two\r\n"), (b"NOOP", b"250 no end"), ("QUIT", "221 bye")]
    assert played(script, b"EHLO x\r\n", b"noop\r\n", b"QUIT\r\n") == [
        b"220 hello\r\n",
        b"250-one\r\n250 two\r\n",
        b"250 no end",
        b"221 bye\r\n",
    ]


def test_greeting_may_be_left_out() -> None:
    assert played([("NOOP", "250 ok")], b"NOOP\r\n") == [b"220 sandbox.example ESMTP script\r\n", b"250 ok\r\n"]


def test_mismatch_says_what_was_expected_and_waits() -> None:
    assert played([("MAIL FROM:", "250 ok")], b"RCPT\r\n", b"MAIL FROM:<>\r\n")[1:] == [
        b"500 5.5.1 the script expected 'MAIL FROM:'\r\n",
        b"250 ok\r\n",
    ]


def test_pattern_matches_the_whole_line() -> None:
    script = [(re.compile(r"VRFY \w+"), "252 maybe")]
    assert played(script, b"VRFY a b\r\n", b"VRFY a\r\n")[1:] == [
        rb"500 5.5.1 the script expected 'VRFY \\w+'" + b"\r\n",
        b"252 maybe\r\n",
    ]


def test_content_behind_a_354_is_one_thing() -> None:
    script = [("DATA", "354 go on"), (re.compile(r"Subject: x\r\n\r\n\.\r\n"), "250 taken")]
    assert played(script, b"DATA\r\nSubject: x\r\n\r\n..\r\n", b".\r\n")[-1] == b"250 taken\r\n"


def test_when_the_script_is_over() -> None:
    assert played([], b"NOOP\r\n", b"QUIT\r\nNOOP\r\n")[1:] == [
        b"500 5.5.1 the script is over\r\n",
        b"221 2.0.0 the script is over\r\n",
    ]


def test_steps_are_taken_as_they_are() -> None:
    session = ScriptedSession(cues([(None, [Pause(1), "220 slow"]), ("NOOP", [b"25", Close(reset=True)])]))
    assert session.greet() == [Pause(1), Octets(b"220 slow\r\n")]
    assert session.receive(b"NOOP\r\nNOOP\r\n") == [Octets(b"25"), Close(reset=True)]
    assert session.receive(b"NOOP\r\n") == []
    assert ScriptedSession(cues([(None, Stall())])).greet() == [Stall()]


def test_secrets_are_hidden_in_the_record() -> None:
    session = ScriptedSession(cues([("AUTH LOGIN", "334 VXNlcm5hbWU6"), ("", "235 in"), ("AUTH PLAIN", "235 in")]))
    session.receive(b"AUTH LOGIN\r\nYWxpY2U=\r\nAUTH PLAIN AGEAYg==\r\n")
    assert session.record().commands == ("AUTH LOGIN", "⟨hidden⟩", "AUTH PLAIN ⟨hidden⟩")


def test_over_tcp_with_tls() -> None:
    script = [
        (None, "220 scripted"),
        ("ehlo", "250-scripted\r\n250 STARTTLS"),
        ("STARTTLS", ["220 go", StartTls()]),
        ("ehlo", "250 again"),
        ("quit", ["221 bye", Close()]),
    ]
    with Sandbox(script=script) as sandbox:
        for _ in range(2):  # each session from its beginning
            with smtplib.SMTP(sandbox.host, sandbox.port, timeout=10) as client:
                client.starttls()
                assert client.ehlo() == (250, b"again")
        assert [record.secure for record in sandbox.sessions] == [True, True]


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ([("A", "b", "c")], "pairs"),
        (["AB"], "pairs"),
        ([("A", "b"), (None, "c")], "only the first"),
        ([(7, "b")], "expects"),
        ([("A", 7)], "answers"),
        ([(re.compile(b"x"), "b")], "expects"),
    ],
)
def test_impossible_scripts(script: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        cues(script)

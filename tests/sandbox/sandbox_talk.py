"""Talking to a session without a socket: the input whole, byte by byte, or cut anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from smtpnb.sandbox import Configuration, Session
from smtpnb.sandbox.mailbox import CapturedMessage, Mailbox
from smtpnb.sandbox.steps import Close, StartTls, joined

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from smtpnb.sandbox.steps import Step

EHLO = b"EHLO notebook.example\r\n"
MAIL = b"MAIL FROM:<alice@example.org>\r\n"
RCPT = b"RCPT TO:<bob@example.org>\r\n"
ENVELOPE = EHLO + MAIL + RCPT


def fed(session: Session, pieces: Iterable[bytes]) -> list[Step]:
    """All steps of a session, greeting included; each handshake asked for succeeds at once."""
    steps = session.greet()
    for piece in pieces:
        answered = session.receive(piece)
        steps += answered
        if answered and isinstance(answered[-1], StartTls):
            steps += session.tls_started("TLSv1.3", "TLS_AES_256_GCM_SHA384")
    return steps


def octet_by_octet(data: bytes) -> Iterator[bytes]:
    return (data[at : at + 1] for at in range(len(data)))


def lines_of(data: bytes) -> list[bytes]:
    return data.splitlines(keepends=True)


def replies(output: bytes) -> list[str]:
    """The last line of each reply, without the greeting."""
    lines = output.decode("utf-8", "surrogateescape").split("\r\n")
    assert lines.pop() == "", "every reply ends in CRLF"
    return [line for line in lines if line[3:4] == " "][1:]


def runs(data: bytes, **options: Any) -> list[tuple[bytes, tuple[CapturedMessage, ...]]]:
    """Output and messages of three sessions that get `data` whole, by line and by octet."""
    results = []
    for cut in ([data], lines_of(data), list(octet_by_octet(data))):
        shared = Configuration(**{**options, "mailbox": Mailbox()})
        results.append((joined(fed(Session(shared), cut)), tuple(shared.mailbox)))
    return results


def talked(data: bytes, **options: Any) -> list[str]:
    """The replies to `data`, however it is cut."""
    whole, by_line, by_octet = (output for output, _ in runs(data, **options))
    if b"STARTTLS" not in data.upper():  # whole, what follows STARTTLS is thrown away: that is another test
        assert whole == by_line
    assert by_line == by_octet
    return replies(by_octet)


def captured(data: bytes, **options: Any) -> tuple[CapturedMessage, ...]:
    """The messages that `data` brings, however it is cut."""
    whole, by_line, by_octet = (messages for _, messages in runs(data, **options))
    assert whole == by_line == by_octet
    return whole


def codes(answers: Iterable[str]) -> list[str]:
    """`250 2.1.0`: code and enhanced status code, where there is one."""
    return [answer[: 9 if answer[4:9].count(".") == 2 else 3] for answer in answers]


def closes(steps: Iterable[Step]) -> bool:
    return any(isinstance(step, Close) for step in steps)

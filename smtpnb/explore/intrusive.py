"""Checks that do more than look: by name only, never in a survey, never over a list of users.

Each is one or two commands in the connection that is there anyway. No mail is ever sent: the relay attempt ends with
RSET before DATA. `injection` does on purpose what the client never does, so it alone reaches below the client.
"""

import ssl
from collections.abc import Callable, Sequence
from typing import Final

from smtpnb.client import SmtpClient
from smtpnb.errors import SmtpError, SmtpProtocolError, SmtpTimeout
from smtpnb.protocol.command import Command
from smtpnb.protocol.reply import SmtpReply
from smtpnb.text import shortened
from smtpnb.transport.deadline import Deadline

#: What may be asked for, by name.
CHECKS: Final = ("vrfy", "expn", "relay", "injection")

#: Seconds to wait for an answer that should never come.
_PATIENCE: Final = 1.0

#: Where mail for strangers would go: names that RFC 2606 keeps free, so that nobody ever gets any.
_STRANGER, _ELSEWHERE = "relay-check@example.com", "relay-check@example.net"


def run_checks(client: SmtpClient, names: Sequence[str]) -> dict[str, str]:
    """The answer to each check, the server's words behind a word of ours and a colon."""
    answers: dict[str, str] = {}
    for name, check in (("vrfy", _vrfy), ("expn", _expn), ("relay", _relay)):
        if name in names and client.connected:
            try:
                answers[name] = check(client)
            except SmtpError as error:
                answers[name] = f"error: {error.message}"
    return answers


def _words(reply: SmtpReply) -> str:
    return f"{reply.code} {shortened(' '.join(reply.lines), 300)}"


def _vrfy(client: SmtpClient) -> str:
    # postmaster has to exist everywhere (RFC 5321 §4.5.1), so the question tells about VRFY and about no person.
    reply = client.vrfy("postmaster")
    return f"{'disclosed' if reply.code in (250, 251) else 'kept'}: {_words(reply)}"


def _expn(client: SmtpClient) -> str:
    reply = client.expn("postmaster")
    return f"{'disclosed' if reply.code == 250 else 'kept'}: {_words(reply)}"


def _relay(client: SmtpClient) -> str:
    sender = client.mail(_STRANGER)
    if not sender.success:
        return f"{'refused' if sender.code >= 500 else 'unclear'}: {_words(sender)}"
    recipient = client.rcpt(_ELSEWHERE)
    if client.connected:
        client.rset()
    outcome = "accepted" if recipient.success else "refused" if recipient.code >= 500 else "unclear"
    return f"{outcome}: {_words(recipient)}"


def starttls_with_more_behind(client: SmtpClient, answers: dict[str, str], context: ssl.SSLContext) -> SmtpReply:
    """The answer to STARTTLS, sent with a NOOP in the same write that has to be thrown away (CVE-2011-0411).

    Args:
        client: after EHLO.
        answers: where the outcome goes, under "injection".
        context: the TLS settings.
    """
    deadline = Deadline(client.timeout)
    reply = client._exchange(Command("STARTTLS", end=b"\r\nNOOP\r\n"), deadline=deadline)  # noqa: SLF001
    if reply.code != 220:
        # Refused as a whole, so nothing of it was kept (OpenSMTPD does so); STARTTLS alone may work all the same.
        answers["injection"] = f"{'thrown away' if reply.code >= 500 else 'unclear'}: {_words(reply)}"
        client.disconnect()  # the NOOP's reply may follow, and would be taken for another's
        return reply
    answers["injection"] = "unclear: the handshake did not come about"
    try:
        _within(client, lambda: client._handshake(context, client.host, deadline, greeted=True))  # noqa: SLF001
    except SmtpProtocolError as error:
        answers["injection"] = f"answered in the clear: {error.message}"
        raise
    answers["injection"] = _answered(client)
    return reply


def _within(client: SmtpClient, step: Callable[[], None]) -> None:
    try:
        step()
    except BaseException as error:  # noqa: BLE001 - as the client does: no connection is left behind
        client._fail(error)  # noqa: SLF001


def _answered(client: SmtpClient) -> str:
    """Whether the NOOP is answered inside TLS: then it was kept."""
    try:
        raw = client._connected().receive(Deadline(_PATIENCE))  # noqa: SLF001
    except SmtpTimeout:
        return "thrown away: nothing was answered inside TLS"
    return f"kept: {shortened(raw.raw.decode('utf-8', 'replace').strip(), 300)}"

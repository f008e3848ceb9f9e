"""Every behaviour of the sandbox, one a row: the option that asks for it, and what a client then sees.

Each row is talked through by the standard library's smtplib over TCP, and octet by octet in memory where there is no
TLS in it; twice, as the same options say the same octets every time.
"""

from __future__ import annotations

import base64
import smtplib
import ssl
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from smtpnb import SmtpError, SmtpProtocolError, SmtpTimeout, SmtpTlsError
from smtpnb.sandbox import (
    Close,
    Delays,
    Drips,
    Fails,
    Flickers,
    HangsUp,
    KeepsPlaintext,
    MixesCodes,
    Rambles,
    Sandbox,
    Sends,
    Stalls,
    StripsStartTls,
    TalksBehindStartTls,
    Taunts,
)
from smtpnb.sandbox.behaviour import POINTS
from smtpnb.sandbox.fault import HOSTILE_TEXT

if TYPE_CHECKING:
    from collections.abc import Callable

EHLO = ("EHLO notebook.example", "250")
MAIL = ("MAIL FROM:<alice@example.org>", "250 2.1.0 Sender accepted")
RCPT = ("RCPT TO:<bob@example.org>", "250 2.1.5 Recipient accepted")
DATA = ("DATA", "354 Send the content; a line with a dot alone ends it")
TLS = ("STARTTLS", "220 ")
LOGIN = ("AUTH PLAIN " + base64.b64encode(b"\0alice\0wonderland").decode(), "235 2.7.0 Authentication successful")
ELSEWHERE = "RCPT TO:<x@elsewhere.example>"
ENVELOPE = [EHLO, MAIL, RCPT, DATA]


@dataclass(frozen=True)
class Row:
    """One behaviour.

    Attributes:
        what: it, in COURSE's words.
        options: what asks for it.
        talk: what the client says, and how the reply begins; lines of a reply are joined by "|". A number lets so
            many seconds pass on the sandbox's clock.
        sees: what is so at the end.
    """

    what: str
    options: dict[str, Any]
    talk: list[tuple[str | int, str]]
    sees: Callable[[Sandbox], bool] = field(default=lambda _: True)

    @property
    def in_memory(self) -> bool:
        return TLS not in self.talk and "STARTTLS" not in self.options.get("extensions", ())


def row(what: str, talk: list[tuple[str | int, str]], /, sees: Any = lambda _: True, **options: Any) -> Row:
    return Row(what, options, talk, sees)


def vrfy(name: str, *sees: str) -> list[tuple[str | int, str]]:
    return [(f"VRFY {name}", "|".join(sees))]


def expn(name: str, *sees: str) -> list[tuple[str | int, str]]:
    return [(f"EXPN {name}", "|".join(sees))]


OUR_LISTS = {"solo": ["carol"], "club": ["solo", "alice"], "none": []}
OUR_PEOPLE = {"mailboxes": ["alice", "carol"], "lists": OUR_LISTS}
HIDDEN = "252 2.0.0 Cannot say, but will take mail and try to deliver it"
OFF = "502 5.5.1 Not implemented here"

ROWS = [
    row("exact EHLO lists, before and after TLS",
        [("EHLO a.example", "250 sandbox.example greets a.example|SIZE 9|STARTTLS"), TLS,
         ("EHLO a.example", "250 sandbox.example greets a.example|XYZ")],
        extensions=["SIZE 9", "STARTTLS"], extensions_in_tls=["XYZ"]),
    row("an exact list without an end of its own", [("EHLO a.example", "250 sandbox.example greets a.example")],
        extensions=[]),
    row("TLS required: 530", [EHLO, (MAIL[0], "530 5.7.0 Must issue a STARTTLS command first"), TLS, EHLO, MAIL],
        require_tls=True),
    row("a login required: 530", [EHLO, (MAIL[0], "530 5.7.0 Authentication required"), LOGIN, MAIL], require_auth=True),
    row("mechanisms", [EHLO, ("AUTH LOGIN", "504 5.5.4"), LOGIN], mechanisms=["PLAIN"]),
    row("mechanisms in TLS alone", [EHLO, (LOGIN[0], "503 5.5.1"), TLS, EHLO, LOGIN],
        mechanisms=[], mechanisms_in_tls=["PLAIN"]),
    row("534 too weak", [EHLO, (LOGIN[0], "534 5.7.9")], refused_mechanisms={"PLAIN": 534}),
    row("538 only in TLS", [EHLO, (LOGIN[0], "538 5.7.11"), TLS, EHLO, LOGIN], refused_mechanisms={"PLAIN": 538}),
    row("454 not now", [EHLO, (LOGIN[0], "454 4.7.0")], refused_mechanisms={"PLAIN": 454}),
    row("users", [EHLO, (LOGIN[0], "535 5.7.8")], users={"alice": "another"}),
    row("VRFY verifies: 250", vrfy("alice", "250 2.1.5 Alice <alice@example.org>") + vrfy("nobody", "550 5.1.1")),
    row("VRFY hides: 252", vrfy("alice", HIDDEN) + vrfy("nobody", HIDDEN), vrfy="hide"),
    row("VRFY is ambiguous: 553", vrfy("alice", "553 5.1.4 Ambiguous; possibilities are|5.1.4 Alice <alice@example.org>"),
        vrfy="ambiguous"),
    row("VRFY is off: 502", [*vrfy("alice", OFF), EHLO], vrfy="off"),
    row("VRFY, each its own way",
        vrfy("alice", HIDDEN) + vrfy("bob", "250") + vrfy("carol", "553") + vrfy("postmaster", "502"),
        vrfy={"alice": "hide", "carol": "ambiguous", "postmaster": "off"}),
    row("forwarding: 251", [*vrfy("erin", "251 2.1.5 User not local; will forward to <erin@example.net>"), EHLO, MAIL,
                            ("RCPT TO:<erin@example.org>", "251 2.1.5")], forwards={"erin": "erin@example.net"}),
    row("moved: 551", [*vrfy("frank", "551 5.1.6 User not local; please try <frank@example.com>"), EHLO, MAIL,
                       ("RCPT TO:<frank@example.org>", "551 5.1.6")], moved={"frank": "frank@example.com"}),
    row("EXPN shows a list, line by line",
        expn("staff", *(f"{'250 ' * (name == 'alice')}2.1.5 {name.title()} <{name}@example.org>"
                        for name in ("alice", "bob", "carol")))),
    row("EXPN shows a nested list, one of a single member, and an empty one",
        expn("club", "250 2.1.5 Solo <solo@example.org>", "2.1.5 Alice <alice@example.org>")
        + expn("solo", "250 2.1.5 Carol <carol@example.org>") + expn("none", "250 2.1.5 This list is empty"), **OUR_PEOPLE),
    row("EXPN without names", expn("solo", "250 2.1.5 <carol@example.org>"), expn="unnamed", **OUR_PEOPLE),
    row("EXPN denies: 550", expn("staff", "550 5.7.2 You may not expand this mailing list"), expn="deny"),
    row("EXPN hides: 252", expn("staff", HIDDEN), expn={"staff": "hide"}),
    row("EXPN is off: 502", expn("staff", OFF), expn="off"),
    row("relaying is open", [EHLO, MAIL, (ELSEWHERE, "250 2.1.5")]),
    row("relaying after a login", [EHLO, MAIL, (ELSEWHERE, "550 5.7.1"), ("RSET", "250"), LOGIN, MAIL,
                                   (ELSEWHERE, "250 2.1.5")], relay="authenticated"),
    row("relaying never", [EHLO, LOGIN, MAIL, (ELSEWHERE, "550 5.7.1 Relaying denied"), RCPT], relay="denied"),
    row("a full mailbox, for a while: 452", [EHLO, MAIL, (RCPT[0], "452 4.2.2")], full_mailboxes={"bob": 452}),
    row("a full mailbox, for good: 552", [EHLO, MAIL, (RCPT[0], "552 5.2.2")], full_mailboxes={"bob": 552}),
    row("SIZE: 552 5.3.4", [EHLO, (f"{MAIL[0]} SIZE=11", "552 5.3.4"), MAIL, RCPT, DATA,
                            ("12345678901\r\n.", "552 5.3.4")], lambda s: not s.messages, size=10),
    row("too many recipients", [EHLO, MAIL, RCPT, (RCPT[0], "452 4.5.3")], max_recipients=1),
    row("too many errors", [("X", "500"), ("X", "421 4.7.0")], max_errors=1),
    row("greylisting, with a clock of its own",
        [EHLO, MAIL, (RCPT[0], "451 4.7.1 Greylisted, try again in 300 seconds"), (299, ""),
         (RCPT[0], "451 4.7.1 Greylisted, try again in 1 seconds"), (1, ""), RCPT], greylisting=300),
    *(row(f"451 at {point}", [*([EHLO] if point != "EHLO" else []), (point, "451 4.3.0 Try again later"), ("NOOP", "4" if point == "NOOP" else "250")],
          behaviours=[Fails(at=point)]) for point in POINTS if point not in ("CONNECT", "CONTENT")),
    *(row(f"421 at {point}", [(point, "421 4.3.2 Bye")], lambda s: not s.sessions[0].open, behaviours=[Fails(at=point, reply="421 4.3.2 Bye")])
      for point in POINTS if point not in ("CONNECT", "CONTENT")),
    row("451 behind the content", [*ENVELOPE, ("x\r\n.", "451 4.3.0")], lambda s: not s.messages, behaviours=[Fails(at="CONTENT")]),
    row("421 behind the content", [*ENVELOPE, ("x\r\n.", "421 4.3.2 Bye")], lambda s: not s.messages,
        behaviours=[Fails(at="CONTENT", reply="421 4.3.2 Bye")]),
    row("only the second time", [("NOOP", "250"), ("NOOP", "451"), ("NOOP", "250")], behaviours=[Fails(at="NOOP", nth=2)]),
    row("only in another session", [("NOOP", "250")], behaviours=[Fails(at="NOOP", session=7)]),
    row("now and then, by a seed", [("NOOP", sees) for sees in ("451", "451", "250", "451", "250", "451")], seed=3,
        behaviours=[Flickers(at="NOOP")]),
    row("drips", [("NOOP", "250 2.0.0 OK")], behaviours=[Drips(octets=3, seconds=0.001)]),
    row("control and bidi characters, and HTML, in a reply", [("NOOP", f"250 2.0.0 OK {HOSTILE_TEXT}")],
        behaviours=[Taunts(at="NOOP")]),
    row("anything at all", [("NOOP", "299 what")], behaviours=[Sends(at="NOOP", octets=b"299 what\r\n")]),
    row("a lone dot between bare LFs ends the content of nobody",
        [*ENVELOPE, ("a\n.\nb\r\n.", "250 2.0.0 Queued as 1")], lambda s: s.messages[0].raw == b"a\n.\nb\r\n"),
    row("a lax end of data", [*ENVELOPE, ("a\n.\r\nMAIL FROM:<eve@example.org>", "250 2.0.0 Queued as 1"), ("", "250 2.1.0"), RCPT],
        lambda s: len(s.messages) == 1, lax_end_of_data=True),
    row("8-bit content without BODY=8BITMIME", [*ENVELOPE, ("ä\r\n.", "554 5.6.3")], strict_8bit=True),
    row("enhanced codes off", [EHLO, ("NOOP", "250 OK")], enhanced_codes=False),
    row("latency, virtual", [("NOOP", "250")], lambda s: s.clock.now == 60, behaviours=[Delays(seconds=30, virtual=True)]),
    row("latency, real", [("NOOP", "250")], latency=0.01),
    row("pipelining", [EHLO, (f"{MAIL[0]}\r\n{RCPT[0]}\r\nDATA", "250 2.1.0"), ("", "250 2.1.5"), ("", "354"),
                       ("x\r\n.\r\nQUIT", "250 2.0.0"), ("", "221 2.0.0")], lambda s: len(s.messages) == 1),
    row("chunking", [EHLO, MAIL, RCPT, ("BDAT 3\r\na", "250 2.0.0 3 octets received"), ("BDAT 3 LAST\r\n.", "250 2.0.0 Queued as 1")],
        lambda s: s.messages[0].raw == b"a\r\n.\r\n"),
    row("DSN, SIZE, 8BITMIME, SMTPUTF8",
        [EHLO, ("MAIL FROM:<jürgen@bücher.example> SMTPUTF8 BODY=8BITMIME SIZE=2 RET=HDRS ENVID=q1", "250 2.1.0"),
         (f"{RCPT[0]} NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;bob@example.org", "250 2.1.5"), DATA, ("ä\r\n.", "250 2.0.0")],
        lambda s: s.messages[0].parameters == ("SMTPUTF8", "BODY=8BITMIME", "SIZE=2", "RET=HDRS", "ENVID=q1")
        and s.messages[0].recipient_parameters == (("NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;bob@example.org"),)),
    *(row(f"{word} without its extension: 555", [EHLO, (f"MAIL FROM:<a@b.example> {word}", "555 ")], extensions=[])
      for word in ("SIZE=1", "BODY=8BITMIME", "SMTPUTF8", "RET=FULL", "ENVID=q")),
    row("captured messages, with envelope and octets", [*ENVELOPE, ("Subject: x\r\n\r\n..\r\n.", "250 2.0.0 Queued as 1")],
        lambda s: (s.messages[0].sender, s.messages[0].recipients, s.messages[0].raw, s.messages[0].wire)
        == ("alice@example.org", ("bob@example.org",), b"Subject: x\r\n\r\n.\r\n", b"Subject: x\r\n\r\n..\r\n.\r\n")),
    row("a wholly scripted server", [("EHLO x", "250 one|two"), ("RCPT", "500 5.5.1 the script expected 'MAIL'"), ("MAIL", "421 enough")],
        script=[(None, "220 script"), ("EHLO", "250-one\r\n250 two"), ("MAIL", ["421 enough", Close()])]),
    row("what was pipelined behind STARTTLS is kept", [EHLO, TLS, EHLO], behaviours=[KeepsPlaintext()]),
    row("STARTTLS stripped, within", [("EHLO a.example", "250 sandbox.example greets a.example|XXXXXXXA"), ("STARTTLS", "500 Unknown verb")],
        extensions=["STARTTLS"], behaviours=[StripsStartTls(leaves_gap=True)]),
    row("all at once",
        [EHLO, (MAIL[0], "530 5.7.0 Must"), TLS, EHLO, (MAIL[0], "530 5.7.0 Authentication"), ("NOOP", "451"), LOGIN, MAIL,
         (RCPT[0], "451 4.7.1"), (60, ""), RCPT, (ELSEWHERE, "550 5.7.1")],
        require_tls=True, require_auth=True, relay="denied", greylisting=60, certificate="two-level", vrfy="hide",
        behaviours=[Fails(at="NOOP", nth=1), Drips(octets=50, seconds=0)]),
]  # fmt: skip


def named(rows: list[Row]) -> list[Any]:
    return [pytest.param(one, id=one.what) for one in rows]


def assert_begins(answer: str, sees: str) -> None:
    given, wanted = answer.split("|"), sees.split("|")
    assert given[: len(wanted) - 1] == wanted[:-1], answer
    assert given[len(wanted) - 1].startswith(wanted[-1]), answer


def octets(said: str) -> bytes:
    return f"{said}\r\n".encode() if said else b""


def by_smtplib(sandbox: Sandbox, talk: list[tuple[str | int, str]]) -> None:
    """The talk over TCP, by a client that nobody here wrote."""
    with smtplib.SMTP(sandbox.host, sandbox.port, local_hostname="notebook.example", timeout=10) as client:
        for said, sees in talk:
            if isinstance(said, int):
                sandbox.clock.advance(said)
                continue
            if (said, sees) == TLS:
                code, text = client.starttls(context=ssl.create_default_context(cafile=sandbox.ca_file))
            else:
                client.sock.sendall(octets(said))
                code, text = client.getreply()
            assert_begins(f"{code} {text.decode()}".replace("\n", "|"), sees)
        client.close()


def in_memory(sandbox: Sandbox, talk: list[tuple[str | int, str]]) -> None:
    """The talk by the client's raw layer, with no socket."""
    with sandbox.client() as client:
        for said, sees in talk:
            if isinstance(said, int):
                sandbox.clock.advance(said)
                continue
            if said:
                client.send_data(octets(said))
            lines = client.receive_data().removesuffix("\r\n").split("\r\n")
            assert_begins("|".join([f"{lines[0][:3]} {lines[0][4:]}", *(line[4:] for line in lines[1:])]), sees)
        client.disconnect()


@pytest.mark.parametrize("behaviour", named(ROWS))
def test_what_smtplib_sees(behaviour: Row) -> None:
    said = []
    for _ in range(2):
        with Sandbox(**behaviour.options) as sandbox:
            by_smtplib(sandbox, behaviour.talk)
            assert behaviour.sees(sandbox)
            said.append([record.replies for record in sandbox.sessions])
    assert said[0] == said[1]


@pytest.mark.parametrize("behaviour", named([one for one in ROWS if one.in_memory]))
def test_what_is_seen_in_memory(behaviour: Row) -> None:
    with Sandbox(in_memory=True, **behaviour.options) as sandbox:
        in_memory(sandbox, behaviour.talk)
        assert behaviour.sees(sandbox)


#: What breaks a session: the behaviour, where, what smtplib says of it (None where it is taken in), what smtpnb says.
BROKEN = {
    "421 for a greeting": ({"behaviours": [Fails(at="CONNECT", reply="421 4.3.2 Bye")]}, "", smtplib.SMTPConnectError, None),
    "closes in a reply": ({"behaviours": [HangsUp(at="NOOP", octets=6)]}, "NOOP", None, SmtpError),
    "resets in a reply": ({"behaviours": [HangsUp(at="NOOP", octets=6, reset=True)]}, "NOOP", OSError, SmtpError),
    "stalls": ({"behaviours": [Stalls(at="NOOP")]}, "NOOP", OSError, SmtpTimeout),
    "stalls in a reply": ({"behaviours": [Stalls(at="NOOP", octets=6)]}, "NOOP", OSError, SmtpTimeout),
    "stalls before the greeting": ({"greeting": "silent"}, "", OSError, SmtpTimeout),
    "mixed codes": ({"behaviours": [MixesCodes(at="NOOP")]}, "NOOP", None, SmtpProtocolError),
    "a line too long": ({"behaviours": [Rambles(at="NOOP")]}, "NOOP", smtplib.SMTPResponseException, SmtpProtocolError),
    "no code": ({"behaviours": [Sends(at="NOOP", octets=b"hello\r\n")]}, "NOOP", None, SmtpProtocolError),
    "greets as HTTP": ({"greeting": "http"}, "", smtplib.SMTPException, SmtpProtocolError),
    "greets as SSH": ({"greeting": "ssh"}, "", smtplib.SMTPException, SmtpProtocolError),
    "greets as POP3": ({"greeting": "pop3"}, "", smtplib.SMTPException, SmtpProtocolError),
    "greets as TLS alone": ({"greeting": "tls"}, "", smtplib.SMTPException, SmtpError),
    "implicit TLS": ({"implicit_tls": True}, "", OSError, SmtpTimeout),
    "an expired certificate": ({"certificate": "expired"}, "STARTTLS", ssl.SSLCertVerificationError, SmtpTlsError),
    "a certificate for another name": ({"certificate": "wrong-name"}, "STARTTLS", ssl.SSLCertVerificationError, SmtpTlsError),
    "an unknown CA": ({"certificate": "unknown-ca"}, "STARTTLS", ssl.SSLCertVerificationError, SmtpTlsError),
    "data behind the 220 of STARTTLS": ({"behaviours": [TalksBehindStartTls()]}, "STARTTLS", None, SmtpError),
}  # fmt: skip


@pytest.mark.parametrize("broken", [name for name, row in BROKEN.items() if row[2]])
def test_what_breaks_smtplib(broken: str) -> None:
    options, said, error, _ = BROKEN[broken]
    with Sandbox(**options) as sandbox:
        client = smtplib.SMTP(local_hostname="notebook.example", timeout=0.5)
        with pytest.raises(error):  # type: ignore[arg-type]
            _said(client, sandbox, said)
        client.close()


def _said(client: smtplib.SMTP, sandbox: Sandbox, said: str) -> None:
    code, text = client.connect(sandbox.host, sandbox.port)
    if code != 220:
        raise smtplib.SMTPConnectError(code, text)
    if said == "STARTTLS":
        client._host = sandbox.host  # smtplib verifies the name that its constructor was given
        client.starttls(context=ssl.create_default_context(cafile=sandbox.ca_file))
    client.docmd(said)


NO_TLS = [name for name, (options, said, *_) in BROKEN.items() if said != "STARTTLS" and "implicit_tls" not in options]


@pytest.mark.parametrize(
    ("broken", "memory"),
    [*((name, False) for name, row in BROKEN.items() if row[3]), *((name, True) for name in NO_TLS if BROKEN[name][3])],
)
def test_what_breaks_a_session_is_an_error_of_ours(broken: str, memory: bool) -> None:
    options, said, _, error = BROKEN[broken]
    with Sandbox(in_memory=memory, **options) as sandbox:
        client = sandbox.client(timeout=0.5, **({"implicit_tls": False} if "implicit_tls" in options else {}))
        with pytest.raises(error):  # type: ignore[arg-type]
            _told(client, said)
        assert not client.connected


def _told(client: Any, said: str) -> None:
    client.connect()
    if said == "STARTTLS":
        client.ehlo()
        client.starttls()
    client.get_response(said)


def test_real_latency_is_waited_for() -> None:
    with Sandbox(latency=0.1) as sandbox, smtplib.SMTP(sandbox.host, sandbox.port, timeout=10) as client:
        started = time.monotonic()
        client.noop()
        assert time.monotonic() - started >= 0.1


def test_greeting_that_fails_for_good_leaves_only_quit() -> None:
    with Sandbox(behaviours=[Fails(at="CONNECT", reply="554 No SMTP service here")]) as sandbox:
        client = smtplib.SMTP(timeout=10)
        assert client.connect(sandbox.host, sandbox.port)[0] == 554
        assert client.ehlo("x.example")[0] == 503
        assert client.quit()[0] == 221

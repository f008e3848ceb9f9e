"""A man in the middle that takes STARTTLS away: before the sandbox, before Postfix, and as octets in and out."""

from __future__ import annotations

import gc
import pickle
import smtplib
import socket
import ssl
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from smtpnb.errors import SmtpError
from smtpnb.sandbox import Change, Drips, HangsUp, Sandbox, Stalls, StrippingProxy
from smtpnb.sandbox.answer import Answer
from smtpnb.sandbox.stripper import Stripper, stripped

if TYPE_CHECKING:
    from collections.abc import Iterable

    from real_servers import RealServer

NO_TLS = "454 4.7.0 TLS not available"
OFFER = b"250-mx.example\r\n250-PIPELINING\r\n250 STARTTLS\r\n"


def proxies() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("smtpnb-sandbox")]


def test_client_sees_a_server_without_starttls(sandbox: Sandbox) -> None:
    with StrippingProxy(sandbox) as proxy, proxy.client() as client, sandbox.client() as honest:
        assert set(honest.ehlo().lines) - set(client.ehlo().lines) == {"STARTTLS"}
        assert set(client.ehlo().lines) <= set(honest.ehlo().lines)
        change, *more = proxy.changes
        assert (change.session, change.command, len(more)) == (1, "EHLO", 1)
        assert b"250-STARTTLS\r\n" in change.before
        assert change.before.replace(b"250-STARTTLS\r\n", b"") == change.after
        assert repr(change) == "<Change of EHLO in session 1: - 250-STARTTLS>"
        assert repr(proxy) == "<StrippingProxy before sandbox.example, listening, 2 changes>"
    assert repr(proxy).endswith("closed, 2 changes>")


def test_client_that_believes_ehlo_sends_its_mail_in_the_clear(sandbox: Sandbox) -> None:
    with StrippingProxy(sandbox) as proxy, smtplib.SMTP(proxy.host, proxy.port, timeout=10) as client:
        client.ehlo()
        assert not client.has_extn("STARTTLS")
        client.login("alice", "wonderland")
        client.sendmail("alice@example.org", ["bob@example.org"], b"Subject: STARTTLS\r\n\r\nSTARTTLS\r\n.x\r\n")
    (message,) = sandbox.messages
    assert (message.raw, message.secure) == (b"Subject: STARTTLS\r\n\r\nSTARTTLS\r\n.x\r\n", False)
    assert [change.command for change in proxy.changes] == ["EHLO"]


def test_client_that_says_starttls_unasked_gets_through(sandbox: Sandbox) -> None:
    with StrippingProxy(sandbox) as proxy:
        with proxy.client() as client:
            client.ehlo()
            assert client.starttls().code == 220
            assert "AUTH" in client.ehlo().message
            assert client.auth_plain("alice", "wonderland").code == 235
        assert sandbox.sessions[0].secure
        assert [change.command for change in proxy.changes] == ["EHLO"]


@pytest.mark.parametrize("reply", [NO_TLS, "502 5.5.1 Unknown verb"])
def test_proxy_that_answers_keeps_starttls_from_the_server(sandbox: Sandbox, reply: str) -> None:
    with StrippingProxy(sandbox, reply=reply, leaves_gap=True) as proxy, proxy.client() as client:
        assert "XXXXXXXA" in client.ehlo().lines
        assert str(client.starttls().code) == reply[:3]
        assert not client.secure
        assert client.noop().code == 250
        assert proxy.changes[1] == Change(1, "STARTTLS", b"STARTTLS\r\n", f"{reply}\r\n".encode())
        assert sandbox.sessions[0].commands == ("EHLO notebook.example", "NOOP")


def test_tls_from_the_first_octet_has_nothing_to_strip() -> None:
    with Sandbox(implicit_tls=True) as sandbox, StrippingProxy(sandbox, reply=NO_TLS) as proxy:
        with proxy.client(implicit_tls=True) as client:
            assert client.secure
            assert client.ehlo().code == 250
        assert proxy.changes == ()


@pytest.mark.postfix
def test_before_postfix(postfix: RealServer) -> None:
    server = postfix.host, postfix.port
    with StrippingProxy(server, reply=NO_TLS) as proxy:
        with smtplib.SMTP(*server, timeout=10) as honest, smtplib.SMTP(proxy.host, proxy.port, timeout=10) as client:
            honest.ehlo()
            client.ehlo()
            assert set(honest.esmtp_features) - set(client.esmtp_features) == {"starttls"}
            with pytest.raises(smtplib.SMTPNotSupportedError):
                client.starttls()
            assert client.docmd("STARTTLS") == (454, b"4.7.0 TLS not available")
            assert client.noop()[0] == 250
        assert [change.command for change in proxy.changes] == ["EHLO", "STARTTLS"]


@pytest.mark.postfix
def test_tls_passes_through_to_postfix(postfix: RealServer) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        StrippingProxy((postfix.host, postfix.port)) as proxy,
        proxy.client(ssl_context=context) as client,
    ):
        assert "STARTTLS" not in client.ehlo().message
        assert client.starttls().code == 220
        assert client.ehlo().code == 250


def test_before_a_server_that_drips_and_resets() -> None:
    faults = [Drips(at="EHLO"), HangsUp(at="NOOP", octets=3, reset=True)]
    with (
        Sandbox(behaviours=faults) as sandbox,
        StrippingProxy(sandbox) as proxy,
        proxy.client(timeout=10) as client,
    ):
        assert "STARTTLS" not in client.ehlo().message
        with pytest.raises(SmtpError):
            client.noop()


def test_server_that_is_not_there_is_told(sandbox: Sandbox) -> None:
    with StrippingProxy(sandbox) as proxy:
        sandbox.close()
        with pytest.raises(smtplib.SMTPConnectError, match=r"421.+does not answer"):
            smtplib.SMTP(proxy.host, proxy.port, timeout=10)


def test_close_leaves_nothing_also_in_the_middle_of_a_stall() -> None:
    with Sandbox(behaviours=[Stalls(at="EHLO", octets=10)]) as sandbox:
        before = set(proxies())
        proxy = StrippingProxy(sandbox)
        with socket.create_connection((proxy.host, proxy.port), timeout=10) as sock:
            assert sock.recv(100).startswith(b"220")
            sock.sendall(b"EHLO x.example\r\n")
            started = time.monotonic()
            proxy.close()
            assert time.monotonic() - started < 2
            assert sock.recv(100) == b""
        proxy.close()
        # The sandbox's own thread for this session ends when it sees the connection go.
        deadline = time.monotonic() + 5
        while set(proxies()) - before and time.monotonic() < deadline:
            time.sleep(0.01)
        assert set(proxies()) == before


def test_dropped_proxy_ends_and_a_client_keeps_its_own(sandbox: Sandbox) -> None:
    listening = set(proxies())
    client = StrippingProxy(sandbox).client()
    gc.collect()
    with client:
        assert client.noop().code == 250
    del client
    gc.collect()
    deadline = time.monotonic() + 5
    while set(proxies()) - listening and time.monotonic() < deadline:
        time.sleep(0.01)
    assert set(proxies()) == listening


@pytest.mark.parametrize(
    ("server", "options", "message"),
    [
        (None, {}, r"before a Sandbox, or before \(host, port\)"),
        ("mail.example.org:25", {}, r"before \(host, port\)"),
        (("mail.example.org", "25"), {}, r"before \(host, port\)"),
        (("mail.example.org", 0), {}, r"before \(host, port\)"),
        (("127.0.0.1", 25), {"reply": "250 2.0.0 Fine"}, "refused with 4xx or 5xx"),
        (("127.0.0.1", 25), {"reply": "421 Bye"}, "refused with 4xx or 5xx"),
        (("127.0.0.1", 25), {"reply": "never"}, "is no reply"),
        (("127.0.0.1", 25), {"reply": 454}, "reply is text or None, not int"),
        (("127.0.0.1", 25), {"leaves_gap": "yes"}, "leaves_gap is True or False, not str"),
        (("127.0.0.1", 25), {"host": "192.0.2.1"}, "loopback only"),
    ],
)
def test_impossible_proxies(server: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        StrippingProxy(server, **options)
    assert proxies() == []


def test_sandbox_in_memory_has_no_network_to_stand_on() -> None:
    with Sandbox(in_memory=True) as sandbox, pytest.raises(ValueError, match="leave out in_memory"):
        StrippingProxy(sandbox)


# -- octets in, octets out ----------------------------------------------------------------------------------------


def between(
    talk: Iterable[tuple[str, bytes]], *, cut: int = 0, reply: str | None = None, gap: bool = False
) -> tuple[bytes, bytes, list[tuple[str, bytes, bytes]]]:
    """What client and server get of a talk, each turn in pieces of `cut` octets; and the changes."""
    notes: list[tuple[str, bytes, bytes]] = []
    stripper = Stripper(
        lambda *note: notes.append(note), leaves_gap=gap, reply=None if reply is None else Answer.parse(reply)
    )
    to_client = to_server = b""
    for who, data in talk:
        turn = stripper.from_client if who == "C" else stripper.from_server
        for at in range(0, len(data), cut or len(data)):
            passed = turn(data[at : at + (cut or len(data))])
            to_client, to_server = to_client + passed.to_client, to_server + passed.to_server
    return to_client, to_server, notes


@pytest.mark.parametrize("cut", [0, 1, 7])
def test_whole_session_in_any_pieces(cut: int) -> None:
    content = b"Subject: x\r\n\r\nEHLO x\r\nSTARTTLS\r\n..\r\n.\r\n"
    talk = [
        ("S", b"220-mx.example\r\n220 STARTTLS\r\n"),
        ("C", b"EHLO x\r\n"),
        ("S", OFFER),
        ("C", b"AUTH LOGIN\r\n"),
        ("S", b"334 VXNlcm5hbWU6\r\n"),
        ("C", b"STARTTLS\r\n"),  # a user name, whatever it looks like
        ("S", b"535 5.7.8 No\r\n"),
        ("C", b"MAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\n"),
        ("S", b"250 1\r\n250 2\r\n354 3\r\n"),
        ("C", content),
        ("S", b"250 4\r\n"),
        ("C", b"BDAT 16 LAST\r\nSTARTTLS\r\nNOOP\r\nVRFY x\r\n"),
        ("S", b"250 5\r\n252-STARTTLS\r\n252 6\r\n"),
        ("C", b"QUIT\r\n"),
        ("S", b"221 bye\r\n"),
    ]
    said = {who: b"".join(data for speaker, data in talk if speaker == who) for who in "CS"}
    to_client, to_server, notes = between(talk, cut=cut, reply=NO_TLS)
    short = b"250-mx.example\r\n250 PIPELINING\r\n"
    assert to_server == said["C"]
    assert to_client == said["S"].replace(OFFER, short)
    assert notes == [("EHLO", OFFER, short)]


@pytest.mark.parametrize("cut", [0, 1])
def test_own_reply_comes_in_its_turn(cut: int) -> None:
    talk = [("S", b"220 hi\r\n"), ("C", b"NOOP\r\nstarttls \r\nNOOP\r\n"), ("S", b"250 one\r\n"), ("S", b"250 two\r\n")]
    to_client, to_server, _ = between(talk, cut=cut, reply=NO_TLS)
    assert to_client == f"220 hi\r\n250 one\r\n{NO_TLS}\r\n250 two\r\n".encode()
    assert to_server == b"NOOP\r\nNOOP\r\n"


@pytest.mark.parametrize("cut", [0, 1])
def test_what_follows_the_220_of_starttls_is_not_looked_at(cut: int) -> None:
    talk = [
        ("S", b"220 hi\r\n"),
        ("C", b"STARTTLS\r\nEHLO pipelined\r\n"),
        ("S", b"220 go\r\n\x16\x03"),
        ("C", b"\x16\x03EHLO x\r\n"),
        ("S", OFFER),
    ]
    to_client, to_server, notes = between(talk, cut=cut)
    assert to_client == b"220 hi\r\n220 go\r\n\x16\x03" + OFFER
    assert to_server == b"STARTTLS\r\nEHLO pipelined\r\n\x16\x03EHLO x\r\n"
    assert notes == []


def test_refused_data_and_starttls_go_on_as_commands() -> None:
    talk = [
        ("S", b"220 hi\r\n"),
        ("C", b"DATA\r\n"),
        ("S", b"503 no\r\n"),
        ("C", b"STARTTLS\r\n"),
        ("S", b"454 no\r\n"),
        ("C", b"EHLO x\r\n"),
        ("S", OFFER),
    ]
    assert b"STARTTLS" not in between(talk)[0]


def test_half_closed_client_gets_its_reply_stripped() -> None:
    stripper = Stripper(lambda *_: None)
    stripper.from_server(b"220 hi\r\n")
    assert stripper.from_client(b"EHLO x\r\nNO").to_server == b"EHLO x\r\n"
    assert stripper.from_client(b"").to_server == b"NO"
    assert b"STARTTLS" not in stripper.from_server(OFFER).to_client
    assert stripper.from_server(b"250-half").to_client == b""
    assert stripper.from_server(b"").to_client == b"250-half"


def test_flood_without_a_line_end_is_passed_on_and_fills_no_memory() -> None:
    stripper, passed = Stripper(lambda *_: None), 0
    for _ in range(100):
        passed += len(stripper.from_server(b"x" * 65_536).to_client)
    assert passed == 100 * 65_536


def test_rule_is_one() -> None:
    lines = ("PIPELINING", "starttls ", "SIZE 1")
    assert stripped(lines, leaves_gap=False) == ("PIPELINING", "SIZE 1")
    assert stripped(lines, leaves_gap=True) == ("PIPELINING", "XXXXXXXA", "SIZE 1")


def test_change_is_told_line_by_line() -> None:
    change = Change(2, "EHLO", OFFER, b"250-mx.example\r\n250 PIPELINING\r\n")
    assert change.to_text() == "  250-mx.example\n  250 PIPELINING\n- 250 STARTTLS"
    gap = Change(2, "EHLO", OFFER, OFFER.replace(b"STARTTLS", b"XXXXXXXA"))
    assert repr(gap) == "<Change of EHLO in session 2: - 250 STARTTLS; + 250 XXXXXXXA>"
    refused = Change(2, "STARTTLS", b"STARTTLS\r\n", b"454 4.7.0 No\r\n")
    assert repr(refused) == "<Change of STARTTLS in session 2: - STARTTLS; + 454 4.7.0 No>"
    assert "Changed on the way" in (change._repr_html_() or "")


def test_hostile_lines_are_made_visible_and_changes_travel() -> None:
    change = Change(1, "EHLO", b"250-\x1b[31m\r\n250 STARTTLS\r\n", b"250 \x1b[31m\r\n")
    assert "\x1b" not in repr(change) + change.to_text()
    assert pickle.loads(pickle.dumps(change)) == change

"""What Postfix and OpenSMTPD deliver is, octet for octet, what was sent: pipelined, chunked, dotted, 8-bit, large."""

from __future__ import annotations

import contextlib
import hashlib
import ssl
from typing import TYPE_CHECKING

import pytest
from real_servers import RealServer, running

from smtpnb import SmtpClient

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Lines that a lax client or server would damage: lone dots, dots that begin a line, empty ones, all octets but NUL.
HARD = b"".join(
    (
        b".\n..\n...\n\n.\n\n. \n.x\nx.\n",
        b"From the beginning\n",  # an mbox would quote it
        b"".join(bytes((octet,)) + b" octet\n" for octet in range(1, 256) if octet not in b"\r\n"),
        "Grüße, 世界\n".encode(),
        b"x" * 900 + b"\n",
        b".",
    )
)


#: A whole header section, so that no server adds to it behind what is compared.
HEADER = (
    b"Date: Tue, 24 Nov 2026 12:00:00 +0000\nMessage-ID: <1@client.example>\n"
    b"From: alice@example.test\nTo: bob@example.test\n"
)


@pytest.fixture(scope="module")
def roomy(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """A real server that takes 100 MB."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SMTP_MAX_SIZE", "100000000")
        with running(request.param, tmp_path_factory.mktemp("roomy")) as server:
            yield server


@contextlib.contextmanager
def connected(server: RealServer, *, tls: bool = False) -> Iterator[SmtpClient]:
    context = ssl.create_default_context(cafile=server.ca_file)
    with SmtpClient(
        server.host, server.port, ssl_context=context, local_hostname="client.example", timeout=60
    ) as client:
        client.ehlo()
        if tls:
            client.starttls()
            client.ehlo()
        yield client


def arrived(server: RealServer, user: str, mark: bytes) -> bytes:
    """The content of the delivered message with this mark, without the header fields that servers add."""
    message = server.wait_for_message(user, lambda raw: mark in raw, timeout=40)
    return message[message.index(mark) :]


def check(server: RealServer, client: SmtpClient, name: str, body: bytes, verbs: set[str]) -> None:
    mark = f"Subject: {name}\n".encode()
    sender, recipient = f"alice@{server.domain}", f"bob@{server.domain}"
    delivery = client.send_mail(sender, recipient, HEADER + mark + b"\n" + body)
    assert delivery.success, delivery
    assert delivery.queue_id, delivery.reply
    assert verbs <= {reply.verb for reply in client.transcript.replies}
    got, wanted = arrived(server, "bob", mark), mark + b"\n" + body.removesuffix(b"\n") + b"\n"
    assert hashlib.sha256(got).digest() == hashlib.sha256(wanted).digest(), first_difference(got, wanted)


def first_difference(got: bytes, wanted: bytes) -> str:
    at = next(
        (n for n, (mine, theirs) in enumerate(zip(wanted, got, strict=False)) if mine != theirs),
        min(len(got), len(wanted)),
    )
    return f"{len(got):,} and {len(wanted):,} octets differ at {at:,}: {got[at - 20 : at + 20]!r} for {wanted[at - 20 : at + 20]!r}"


@pytest.mark.parametrize("tls", [False, True], ids=["clear", "tls"])
def test_dots_line_ends_and_all_octets_arrive(real_server: RealServer, tls: bool) -> None:
    with connected(real_server, tls=tls) as client:
        assert ("PIPELINING" in client.capabilities) is real_server.features["pipelining"]
        check(real_server, client, f"hard {tls}", HARD, {".", "DATA"})
        exchanges = {exchange.command: exchange for exchange in client.transcript.exchanges}
        assert exchanges["DATA"].pipelined is real_server.features["pipelining"]


@pytest.mark.parametrize("ending", [b"", b"\n"])
def test_end_of_content_is_exact(real_server: RealServer, ending: bytes) -> None:
    with connected(real_server) as client:
        check(real_server, client, f"end {ending!r}", b"the last line" + ending, {"."})


def test_several_messages_in_one_session_arrive_apart(real_server: RealServer) -> None:
    with connected(real_server) as client:
        for number in range(5):
            check(real_server, client, f"several {number}", b"number %d\n" % number, {"."})


def test_refused_recipient_does_not_lose_the_other(real_server: RealServer) -> None:
    with connected(real_server) as client:
        people = [f"bob@{real_server.domain}", f"nobody-here@{real_server.domain}", "stranger@elsewhere.example"]
        delivery = client.send_mail(f"alice@{real_server.domain}", people, "Subject: one of three\n\nx\n")
        assert delivery.accepted == (people[0],)
        assert {reply.severity for reply in delivery.refused.values()} == {5}
        assert list(delivery.refused) == people[1:]
    assert arrived(real_server, "bob", b"Subject: one of three\n")


@pytest.mark.parametrize(
    "roomy",
    [pytest.param(name, marks=getattr(pytest.mark, name)) for name in ("postfix", "opensmtpd", "exim")],
    indirect=True,
)
@pytest.mark.parametrize("size", [700_000, 50_000_000])
def test_large_content_arrives_chunked_where_that_is_offered(roomy: RealServer, size: int, tmp_path: Path) -> None:
    file = tmp_path / "content"
    file.write_bytes((HARD * (size // len(HARD) + 1))[:size])
    body = file.read_bytes()
    with connected(roomy) as client:
        assert ("CHUNKING" in client.capabilities) is roomy.features["chunking"]
        check(roomy, client, f"large {size}", body, {"BDAT"} if roomy.features["chunking"] else {"."})

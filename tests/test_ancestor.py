"""Every member of the ancestor, D's `SmtpClient`, on the sandbox and on real servers; and its faults, each a test."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from real_servers import RealServer

from smtpnb import (
    Sandbox,
    SmtpClient,
    SmtpConnectError,
    SmtpDisconnected,
    SmtpError,
    SmtpReply,
    SmtpTimeout,
    SmtpTlsError,
    Transcript,
)
from smtpnb.secret import Secret


@dataclass(frozen=True)
class Place:
    """A server to try every member on."""

    client: Callable[[], SmtpClient]
    untrusting: Callable[[], SmtpClient]
    domain: str
    password: str
    expands: bool


@pytest.fixture(params=["sandbox", pytest.param("postfix", marks=pytest.mark.postfix)])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    if request.param == "sandbox":
        with Sandbox() as sandbox:
            yield Place(
                sandbox.client,
                lambda: SmtpClient(sandbox.host, sandbox.port, timeout=5),
                "example.org",
                "wonderland",
                expands=True,
            )
        return
    server: RealServer = request.getfixturevalue("postfix")
    context = ssl.create_default_context(cafile=server.ca_file)
    yield Place(
        lambda: SmtpClient("127.0.0.1", server.port, ssl_context=context, timeout=10),
        lambda: SmtpClient("127.0.0.1", server.port, timeout=10),
        server.domain,
        server.users["alice"],
        expands=False,
    )


@pytest.fixture
def client(place: Place) -> Iterator[SmtpClient]:
    with place.client() as client:
        assert client.ehlo().code == 250
        yield client


# -- the members ----------------------------------------------------------------------------------------------


def test_constructor_connect_address_disconnect(place: Place) -> None:
    client = place.client()
    assert client.address == (client.host, client.port)
    assert client.connect().code == 220
    assert client.address == ("127.0.0.1", client.port)
    assert client.connected
    client.disconnect()
    client.disconnect()
    assert not client.connected
    with pytest.raises(SmtpDisconnected, match="disconnect"):
        client.noop()
    assert client.connect().code == 220
    client.disconnect()


def test_ehlo_helo_noop_quit(client: SmtpClient) -> None:
    assert "PIPELINING" in client.capabilities
    assert client.capabilities.size
    assert client.noop().code == 250
    assert client.helo().code == 250
    assert not client.capabilities
    assert client.quit().code == 221
    assert not client.connected


def test_mail_rcpt_rset_data_data_body(client: SmtpClient, place: Place) -> None:
    assert client.mail(f"alice@{place.domain}").code == 250
    assert client.rset().code == 250
    assert client.rcpt(f"bob@{place.domain}").code == 503
    assert client.mail("").code == 250
    assert client.rcpt(f"<bob@{place.domain}>").code == 250
    assert client.conversation.forward_paths == (f"bob@{place.domain}",)
    assert client.data().code == 354
    assert client.data_body("Subject: hi\n\n.\nhello\n").code == 250
    assert client.conversation.reverse_path is None


def test_bdat_in_two_chunks(client: SmtpClient, place: Place) -> None:
    client.mail(f"alice@{place.domain}")
    client.rcpt(f"bob@{place.domain}")
    assert client.bdat(b"Subject: hi\r\n\r\n").code == 250
    assert client.bdat(".\n", last=True).code == 250


def test_auth_plain_in_two_steps(client: SmtpClient, place: Place) -> None:
    assert client.auth("PLAIN").code == 334
    assert client.auth_plain("alice", place.password).code == 235
    assert client.authenticated


def test_auth_plain_in_one_step_with_a_wrong_password_first(client: SmtpClient, place: Place) -> None:
    assert client.auth_plain("alice", "wrong").code == 535
    assert not client.authenticated
    assert client.auth_plain("alice", Secret(place.password)).code == 235


def test_auth_login(client: SmtpClient, place: Place) -> None:
    assert client.auth("LOGIN").code == 334
    assert client.auth_login_username("alice").code == 334
    assert client.auth_login_password(place.password).code == 235
    assert client.authenticated
    assert place.password not in client.transcript.to_text()


def test_starttls_secure_tls_info_capability_history(client: SmtpClient) -> None:
    assert not client.secure
    assert client.starttls().code == 220
    assert client.secure
    assert not client.capabilities
    assert client.tls_info is not None
    assert client.tls_info.verified
    assert client.tls_info.version in ("TLSv1.2", "TLSv1.3")
    assert client.tls_info.certificate is not None
    assert "localhost" in client.tls_info.certificate.names
    assert client.ehlo().code == 250
    before, after = client.capability_history
    assert "STARTTLS" in before
    assert "STARTTLS" not in after
    assert after.secure
    assert not client.starttls().success


def test_vrfy_expn_help(client: SmtpClient, place: Place) -> None:
    assert client.vrfy("alice").code in (250, 252)
    assert client.vrfy(f"nobody-at-all@{place.domain}").verified is False
    expanded = client.expn("staff")
    assert (expanded.code == 250 and len(expanded.lines) == 3) if place.expands else expanded.code in (500, 502)
    assert client.help().code in (214, 500)


def test_get_response_parse_reply_send_data_receive_data(client: SmtpClient) -> None:
    raw = client.get_response("NOOP")
    assert raw.startswith("250 ")
    assert raw.endswith("\r\n")
    assert client.parse_reply(raw).code == 250
    client.send_data("NOOP\r\nNO")
    with pytest.raises(SmtpError, match="left something behind"):
        client.rset()
    client.send_data("OP\r\n")
    assert client.receive_data().startswith("250 ")
    assert client.receive_data().startswith("250 ")
    assert client.noop().code == 250


def test_transcript_and_snapshot(client: SmtpClient) -> None:
    client.noop()
    transcript = client.transcript
    assert transcript.exchanges[-1].command == "NOOP"
    assert Transcript.from_json(transcript.to_json()) == transcript
    assert Transcript.from_jsonl(transcript.to_jsonl()) == transcript
    snapshot = client.snapshot()
    assert snapshot.transcript == transcript
    assert snapshot.capabilities == client.capabilities


def test_wrong_order_is_not_policed(client: SmtpClient) -> None:
    assert client.data().code == 503
    assert client.connected


def test_starttls_verifies_by_default(place: Place) -> None:
    client = place.untrusting()
    client.connect()
    client.ehlo()
    with pytest.raises(SmtpTlsError, match="unknown issuer"):
        client.starttls()
    assert not client.secure
    with pytest.raises(SmtpDisconnected):
        client.noop()


def test_starttls_told_not_to_verify(place: Place) -> None:
    with place.untrusting() as client:
        client.ehlo()
        assert client.starttls(verify=False).code == 220
        assert client.secure
        assert client.tls_info is not None
        assert not client.tls_info.verified


@pytest.mark.postfix
def test_implicit_tls_on_postfix(postfix: RealServer) -> None:
    context = ssl.create_default_context(cafile=postfix.ca_file)
    assert postfix.tls_port is not None
    with SmtpClient("localhost", postfix.tls_port, implicit_tls=True, ssl_context=context, timeout=10) as client:
        assert client.secure
        assert client.ehlo().code == 250


@pytest.mark.opensmtpd
def test_opensmtpd_session(opensmtpd: RealServer) -> None:
    context = ssl.create_default_context(cafile=opensmtpd.ca_file)
    with SmtpClient("127.0.0.1", opensmtpd.port, ssl_context=context, timeout=10) as client:
        assert client.ehlo().code == 250
        assert client.ehlo().code == 503  # it takes no second one
        assert "AUTH" not in client.capabilities
        assert client.starttls().code == 220
        assert client.ehlo().code == 250
        assert "AUTH" in client.capabilities
        assert client.auth_plain("carol", opensmtpd.users["carol"]).code == 235
        assert client.send_mail("a@example.net", f"bob@{opensmtpd.domain}", "Subject: x\n\nhello\n").success


# -- the faults -----------------------------------------------------------------------------------------------


@contextmanager
def server(behave: Callable[[socket.socket], None]) -> Iterator[SmtpClient]:
    """A client of a server that does what `behave` does with its one connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            sock, _ = listener.accept()
            with sock:
                behave(sock)

        thread = threading.Thread(target=serve)
        thread.start()
        client = SmtpClient("127.0.0.1", listener.getsockname()[1], timeout=2)
        try:
            yield client
        finally:
            client.disconnect()
            thread.join(10)


def test_fault_dots_are_stuffed_and_arrive_as_they_were() -> None:
    with Sandbox() as sandbox, sandbox.client() as client:
        client.ehlo()
        content = ".\r\n..\r\n.hidden\r\na.\r\n.\r\nend\r\n"
        assert client.send_mail("a@example.net", "bob@example.org", content).success
        assert sandbox.messages[0].raw == content.encode()
        assert client.noop().code == 250


@pytest.mark.parametrize("cut", [8, 9, 10, 11, 15])
def test_fault_multi_line_reply_in_two_pieces_is_one_reply(cut: int) -> None:
    def behave(sock: socket.socket) -> None:
        greeting = b"220-one\r\n220-two\r\n220 three\r\n"
        sock.sendall(greeting[:cut])
        time.sleep(0.05)
        sock.sendall(greeting[cut:])

    with server(behave) as client:
        assert client.connect().lines == ("one", "two", "three")


def test_fault_greeting_longer_than_1024_octets_is_whole() -> None:
    text = "x" * 5_000
    with server(lambda sock: sock.sendall(f"220 {text}\r\n".encode())) as client:
        assert client.connect().message == text


def test_fault_short_writes_are_continued_not_repeated() -> None:
    content = b"".join(b"%09d\r\n" % number for number in range(1_000_000))
    received = bytearray()

    def behave(sock: socket.socket) -> None:
        sock.sendall(b"220 hi\r\n")
        time.sleep(0.2)  # until every buffer on the way is full
        while not received.endswith(b"\r\n.\r\n"):
            received.extend(sock.recv(50_000))
        sock.sendall(b"250 ok\r\n")

    with server(behave) as client:
        client.timeout = 20
        client.connect()
        assert client.data_body(content).code == 250
    assert bytes(received) == content + b".\r\n"


def test_fault_server_close_is_an_error_of_ours() -> None:
    with server(lambda sock: sock.sendall(b"220 hi\r\n")) as client:
        client.connect()
        with pytest.raises(SmtpDisconnected):
            client.noop()


def test_fault_silence_ends_at_the_deadline() -> None:
    with server(lambda sock: (sock.sendall(b"220 hi\r\n"), time.sleep(0.6))[0]) as client:
        client.connect()
        client.timeout = 0.2
        began = time.monotonic()
        with pytest.raises(SmtpTimeout, match="NOOP"):
            client.noop()
        assert time.monotonic() - began < 0.5


@pytest.mark.parametrize("verb", ["mail", "rcpt", "vrfy", "expn", "ehlo", "helo", "help", "get_response"])
@pytest.mark.parametrize("poison", ["a\r\nRSET", "a\nRSET", "a\rRSET", "a\0"])
def test_fault_cr_lf_is_refused_before_a_byte_is_sent(verb: str, poison: str) -> None:
    with Sandbox(in_memory=True) as sandbox:
        client = sandbox.client()
        client.connect()
        with pytest.raises(ValueError, match="CR, LF or NUL"):
            getattr(client, verb)(poison)
        assert client.noop().code == 250
        assert [exchange.command for exchange in client.transcript.exchanges] == [None, "NOOP"]


def test_fault_authzid_is_empty_unless_given() -> None:
    assert Secret.plain_token("alice", Secret("pw")).octets() == b"AGFsaWNlAHB3"  # NUL alice NUL pw
    assert Secret.plain_token("alice", Secret("pw"), "bob").octets() == b"Ym9iAGFsaWNlAHB3"


def test_fault_old_tls_is_refused() -> None:
    from smtpnb.transport.tls_settings import unverifying, verifying

    assert verifying().verify_mode is ssl.CERT_REQUIRED
    assert verifying().check_hostname
    for context in (verifying(), unverifying()):
        assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_fault_no_connection_is_an_error_and_no_reply_with_code_0() -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        client = SmtpClient("127.0.0.1", sock.getsockname()[1], timeout=2)
        with pytest.raises(SmtpConnectError, match="refused"):
            client.connect()
    with pytest.raises(SmtpError):
        SmtpReply.parse("0 cannot connect\r\n")


def test_fault_every_address_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox() as sandbox:
        found = [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", sandbox.port, 0, 0)),
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.2", sandbox.port)),
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", sandbox.port)),
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: found)
        with SmtpClient("mail.example", sandbox.port, timeout=5) as client:
            assert client.address == ("127.0.0.1", sandbox.port)

"""TLS: certificates are verified by default, what fails closes, what is cut short is no end."""

from __future__ import annotations

import contextlib
import datetime as dt
import socket
import ssl
import threading
import time
from typing import TYPE_CHECKING

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from scripted import Script, playing

from smtpnb import SmtpClient, SmtpDisconnected, SmtpError, SmtpProtocolError, SmtpTimeout, SmtpTlsError
from smtpnb.protocol.conversation import Stage
from smtpnb.transport.deadline import Deadline
from smtpnb.transport.sockets import SocketStream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)


class Authority:
    """A CA that issues what a careful one would not: expired certificates, and certificates for another purpose."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a careless CA")])
        builder = _builder(self.name, self.name, self.key.public_key(), NOW - 30 * DAY, NOW + 30 * DAY)
        # All that a CA's certificate must have (RFC 5280 §4.2.1): Python 3.13 checks it.
        for extension in (
            x509.BasicConstraints(ca=True, path_length=0),
            x509.KeyUsage(
                False,
                False,
                False,
                False,
                False,
                key_cert_sign=True,
                crl_sign=True,
                encipher_only=False,
                decipher_only=False,
            ),
        ):
            builder = builder.add_extension(extension, critical=True)
        own_key = x509.SubjectKeyIdentifier.from_public_key(self.key.public_key())
        self.certificate = builder.add_extension(own_key, critical=False).sign(self.key, hashes.SHA256())

    def context(
        self,
        directory: Path,
        *,
        begins: dt.datetime = NOW - DAY,
        ends: dt.datetime = NOW + DAY,
        purpose: x509.ObjectIdentifier = ExtendedKeyUsageOID.SERVER_AUTH,
    ) -> ssl.SSLContext:
        """The settings of a server on localhost with such a certificate."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
        builder = _builder(subject, self.name, key.public_key(), begins, ends)
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        issuers_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        builder = builder.add_extension(issuers_key, critical=False)
        certificate = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False).sign(
            self.key, hashes.SHA256()
        )
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (directory / "server.pem").write_bytes(pem + certificate.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(directory / "server.pem")
        return context

    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cadata=self.certificate.public_bytes(serialization.Encoding.PEM).decode())


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, begins: dt.datetime, ends: dt.datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
        .serial_number(x509.random_serial_number()).not_valid_before(begins).not_valid_after(ends)
    )  # fmt: skip


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def server(authority: trustme.CA) -> ssl.SSLContext:
    """The settings of a server that is what it says it is: localhost, 127.0.0.1."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def trust(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


# -- as it should be ---------------------------------------------------------------------------------------------


def test_starttls_verifies_and_forgets_what_was_said_before(server: ssl.SSLContext, trust: ssl.SSLContext) -> None:
    with playing("starttls", context=server, ssl_context=trust, host="localhost") as (client, heard):
        client.connect()
        client.ehlo()
        assert "STARTTLS" in client.capabilities
        assert client.starttls().code == 220
        assert client.secure
        assert not client.capabilities
        assert client.conversation.stage is Stage.GREETED
        assert client.conversation.secure
        client.ehlo()
        assert client.capabilities == {"SIZE": ("2000",)}
        assert client.capabilities.secure
        assert [offered.secure for offered in client.capability_history] == [False, True]
        assert client.tls_info is not None
        assert client.tls_info.version in ("TLSv1.2", "TLSv1.3")
        assert client.tls_info.verified
        assert client.tls_info.server_name == "localhost"
        assert client.tls_info.certificate is not None
        assert client.tls_info.certificate.names == ("localhost", "127.0.0.1")
        assert client.tls_info.certificate.not_after > NOW
        assert client.quit().code == 221
        assert not client.secure
    assert heard.lines == [b"EHLO client.example", b"STARTTLS", b"EHLO client.example", b"QUIT"]
    assert "~> EHLO" in client.transcript.to_text()


def test_auth_state_is_forgotten_after_tls(server: ssl.SSLContext, trust: ssl.SSLContext) -> None:
    script = Script.parse("S: 220 hi\nC: AUTH *\nS: 235 welcome\nC: STARTTLS\nS: 220 go\ntls\nstall")
    with playing(script, context=server, ssl_context=trust) as (client, _):
        client.connect()
        client.auth_plain("alice", "wonderland")
        assert client.authenticated
        client.starttls()
        assert not client.authenticated


def test_implicit_tls_comes_before_the_greeting(server: ssl.SSLContext, trust: ssl.SSLContext) -> None:
    with playing("implicit-tls", context=server, ssl_context=trust, implicit_tls=True) as (client, _):
        assert client.connect().code == 220
        assert client.secure
        assert client.noop().secure


def test_large_content_goes_through_tls(server: ssl.SSLContext, trust: ssl.SSLContext) -> None:
    script = Script.parse("S: 220 hi\nC: STARTTLS\nS: 220 go\ntls\nC: DATA\nS: 354 go\ncontent\nS: 250 queued\nstall")
    content = b"".join(b"%07d\r\n" % number for number in range(300_000))
    with playing(script, context=server, ssl_context=trust, timeout=20) as (client, heard):
        client.connect()
        client.starttls()
        client.data()
        assert client.data_body(content).code == 250
    assert heard.octets.partition(b"DATA\r\n")[2] == content + b".\r\n"


def test_great_write_sleeps_though_something_is_unread(server: ssl.SSLContext, trust: ssl.SSLContext) -> None:
    script = Script.parse("tls\nS: 220 hi\nhear 5\nS: 250 early\ndeaf")
    with playing(script, context=server, ssl_context=trust, implicit_tls=True, timeout=1) as (client, _):
        client.connect()
        began = time.thread_time()
        with pytest.raises(SmtpTimeout):
            client.send_data(b"N" * 20_000_000)
        assert time.thread_time() - began < 0.6  # about 0.2 s, which the copies take; awake all the time, it is 1 s


# -- certificates ------------------------------------------------------------------------------------------------


def refused(context: ssl.SSLContext, **options: object) -> SmtpTlsError:
    """The error of STARTTLS with a server of these settings; nothing may be said after it."""
    script = Script.parse("S: 220 hi\nC: STARTTLS\nS: 220 go\ntls\nstall")
    with playing(script, context=context, **{"host": "localhost"} | options) as (client, heard):
        client.connect()
        with pytest.raises(SmtpTlsError) as caught:
            client.starttls()
        assert not client.secure
        assert client.tls_info is None
        with pytest.raises(SmtpDisconnected):
            client.auth_plain("alice", "wonderland")
        assert caught.value.cause
        assert caught.value.advice
    assert heard.octets == b"STARTTLS\r\n"
    return caught.value


def test_unknown_authority_is_refused_without_any_arguments(server: ssl.SSLContext) -> None:
    assert "unknown issuer" in str(refused(server))


def test_other_name_is_refused(authority: trustme.CA, trust: ssl.SSLContext) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("mx.example.org").configure_cert(context)
    assert str(refused(context, ssl_context=trust)) == "the certificate of localhost is for another name"
    assert "another address" in str(refused(context, ssl_context=trust, host="127.0.0.1"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"begins": NOW - 9 * DAY, "ends": NOW - DAY}, "has expired"),
        ({"begins": NOW + DAY, "ends": NOW + 9 * DAY}, "is not valid yet"),
        ({"purpose": ExtendedKeyUsageOID.CLIENT_AUTH}, "is not meant for a server"),
    ],
    ids=["expired", "not yet valid", "for clients"],
)
def test_certificate_that_is_not_good_now_and_here_is_refused(
    tmp_path: Path, options: dict[str, object], words: str
) -> None:
    careless = Authority()
    assert words in str(refused(careless.context(tmp_path, **options), ssl_context=careless.trust()))  # type: ignore[arg-type]


def test_the_careless_authoritys_good_certificate_is_good(tmp_path: Path) -> None:
    """So that it is the fault and not the CA that the test before shows."""
    careless = Authority()
    with playing(
        "starttls-bare", context=careless.context(tmp_path), ssl_context=careless.trust(), host="localhost"
    ) as (client, _):
        client.connect()
        assert client.starttls().code == 220
        assert client.secure


def test_certificate_signed_by_itself_is_refused(tmp_path: Path) -> None:
    careless = Authority()
    key = careless.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "ca.pem").write_bytes(key + careless.certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "ca.pem")
    assert "signed by itself" in str(refused(context))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tls_older_than_1_2_is_refused(authority: trustme.CA, trust: ssl.SSLContext) -> None:
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(old)
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    refused(old, ssl_context=trust)
    from smtpnb.transport.tls_settings import unverifying, verifying

    for context in (verifying(), unverifying()):
        assert context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_default_settings_check_chain_and_name() -> None:
    from smtpnb.transport.tls_settings import verifying

    assert verifying().verify_mode is ssl.CERT_REQUIRED
    assert verifying().check_hostname


def test_told_not_to_verify_it_encrypts_and_says_so(server: ssl.SSLContext) -> None:
    with playing("starttls-bare", context=server) as (client, _):
        client.connect()
        assert client.starttls(verify=False).code == 220
        assert client.secure
        assert client.tls_info is not None
        assert not client.tls_info.verified
        assert "NOT verified" in repr(client.tls_info)
        assert "NOT verified" in client.transcript.to_text()
        assert client.tls_info.certificate is not None


def test_name_to_check_may_be_given(authority: trustme.CA, trust: ssl.SSLContext) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("mx.example.org").configure_cert(context)
    with playing("starttls-bare", context=context, ssl_context=trust) as (client, _):
        client.connect()
        assert client.starttls(server_hostname="mx.example.org").code == 220
        assert client.tls_info is not None
        assert client.tls_info.server_name == "mx.example.org"


def test_settings_of_one_handshake_decide(server: ssl.SSLContext, trust: ssl.SSLContext) -> None:
    with playing("starttls-bare", context=server) as (client, _):
        client.connect()
        assert client.starttls(context=trust).code == 220
        assert client.tls_info is not None
        assert client.tls_info.verified


# -- the wrong port ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("late", [False, True])
def test_tls_to_a_plain_port_is_translated(trust: ssl.SSLContext, late: bool) -> None:
    """The greeting is there before the handshake, or comes as the answer to it (WRONG_VERSION_NUMBER)."""
    script = Script.parse("late 0.1\nS: 220 mx.example\nstall") if late else Script.load("plain-port")
    with playing(script, ssl_context=trust, implicit_tls=True) as (client, _):
        with pytest.raises(SmtpTlsError, match="does not speak TLS here") as caught:
            client.connect()
        assert "plain port" in caught.value.cause
        assert any("starttls()" in step for step in caught.value.advice)
        assert not client.connected


def test_plain_to_a_tls_port_waits_for_a_greeting_and_says_what_it_may_be(server: ssl.SSLContext) -> None:
    with playing("implicit-tls", context=server, timeout=0.2) as (client, _):
        with pytest.raises(SmtpTimeout, match="no greeting") as caught:
            client.connect()
        assert "TLS" in caught.value.cause


def test_alert_of_a_tls_port_is_translated() -> None:
    with playing("tls-alert") as (client, _):
        with pytest.raises(SmtpProtocolError, match="not SMTP") as caught:
            client.connect()
        assert "implicit_tls=True" in caught.value.to_text()


# -- handshakes that fail ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "error"),
    [("stall", SmtpTimeout), ("close", SmtpTlsError), ("hear 1\nreset", SmtpTlsError), ("hear 1\nS: what TLS?\nstall", SmtpTlsError),
     ("hear 1\ngarbage 15 03 03 00 02 02 28\nstall", SmtpTlsError), ("hear 1\ndrip 0.05\ngarbage 16 03 03 00 ff 02 00 00 fb 03 03 00 00 00 00 00 00 00\nstall", SmtpTimeout)],
    ids=["stall", "close", "reset", "plain text", "alert", "drip"],
)  # fmt: skip
def test_implicit_handshake_that_fails_is_our_error_by_the_deadline(
    trust: ssl.SSLContext, steps: str, error: type[SmtpError]
) -> None:
    with playing(Script.parse(steps), ssl_context=trust, implicit_tls=True) as (client, heard):
        began = time.monotonic()
        with pytest.raises((error, SmtpDisconnected) if steps == "close" else error):
            client.connect()
        assert time.monotonic() - began < 1.5
        assert not client.secure
        assert not client.connected
    assert b"EHLO" not in heard.octets


def test_tls_inside_tls_is_an_error_and_not_believed(server: ssl.SSLContext, trust: ssl.SSLContext) -> None:
    script = Script.parse("S: 220 hi\nC: STARTTLS\nS: 220 go\ntls\nC: STARTTLS\nS: 220 again\nstall")
    with playing(script, context=server, ssl_context=trust) as (client, _):
        client.connect()
        client.starttls()
        with pytest.raises(SmtpProtocolError, match="TLS inside TLS"):
            client.starttls()
        assert not client.connected


# -- the end of a TLS connection ---------------------------------------------------------------------------------


@pytest.mark.parametrize("session", ["tls-truncated", "tls-ended"])
def test_end_inside_a_reply_is_no_reply(server: ssl.SSLContext, trust: ssl.SSLContext, session: str) -> None:
    with playing(session, context=server, ssl_context=trust) as (client, _):
        client.connect()
        client.starttls()
        with pytest.raises(SmtpDisconnected) as caught:
            client.noop()
    assert ("close_notify" in str(caught.value)) is (session == "tls-truncated")


def test_fin_without_close_notify_is_no_proper_end(server: ssl.SSLContext, trust: ssl.SSLContext) -> None:
    with playing("tls-truncated-idle", context=server, ssl_context=trust) as (client, _):
        client.connect()
        client.starttls()
        assert client.noop().code == 250
        time.sleep(0.05)
        with pytest.raises(SmtpDisconnected, match="close_notify"):
            client.noop()


def test_unasked_reply_inside_tls_is_an_error(server: ssl.SSLContext, trust: ssl.SSLContext) -> None:
    """Two replies in one TLS record: OpenSSL has the second, the system has nothing."""
    script = Script.parse("S: 220 hi\nC: STARTTLS\nS: 220 go\ntls\nC: NOOP\nS: 250 ok\nS: 250 ok again\nstall")
    with playing(script, context=server, ssl_context=trust) as (client, heard):
        client.connect()
        client.starttls()
        client.noop()
        with pytest.raises(SmtpProtocolError, match="no command asked for"):
            client.rset()
    assert b"RSET" not in heard.octets


def test_record_of_tls_that_drips_ends_by_the_deadline(server: ssl.SSLContext, trust: ssl.SSLContext) -> None:
    """OpenSSL asks for octets until a record is whole: a read that waits by itself would never come back."""
    with _in_tls_with(_drip_a_record, server, trust) as stream:
        stream.write(b"NOOP\r\n", Deadline(5))
        began = time.monotonic()
        with pytest.raises(SmtpTimeout):
            while True:
                stream.read(Deadline(0.5))
        assert time.monotonic() - began < 1


@contextlib.contextmanager
def _in_tls_with(
    play: Callable[[socket.socket, ssl.SSLContext], None], server: ssl.SSLContext, trust: ssl.SSLContext
) -> Iterator[SocketStream]:
    """A stream after the handshake with a server that `play` plays by hand."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        near = socket.create_connection(listener.getsockname())
        far, _ = listener.accept()
    thread = threading.Thread(target=play, args=(far, server), daemon=True)
    thread.start()
    stream = SocketStream(near)
    stream.start_tls(trust, "localhost", Deadline(5))
    yield stream
    stream.close()
    thread.join(5)


def _by_hand(sock: socket.socket, context: ssl.SSLContext) -> tuple[ssl.SSLObject, ssl.MemoryBIO]:
    """The server's end, after the handshake and the first command; its session tickets are not sent yet."""
    received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(received, sent, server_side=True)
    _pumped(tls.do_handshake, sock, received, sent)
    _pumped(lambda: tls.read(1000), sock, received)
    return tls, sent


def _pumped(step: Callable[[], object], sock: socket.socket, received: ssl.MemoryBIO, *sent: ssl.MemoryBIO) -> None:
    while True:
        try:
            step()
        except ssl.SSLWantReadError:
            for outgoing in sent:
                sock.sendall(outgoing.read())
            received.write(sock.recv(65536))
        else:
            return


def _drip_a_record(sock: socket.socket, context: ssl.SSLContext) -> None:
    """A TLS server that sends one record an octet at a time."""
    tls, sent = _by_hand(sock, context)
    sock.sendall(sent.read())
    tls.write(b"250 this takes seconds\r\n")
    with sock, contextlib.suppress(OSError):
        for octet in sent.read():
            sock.sendall(bytes((octet,)))
            time.sleep(0.05)


@pytest.mark.skipif(not hasattr(socket, "TCP_QUICKACK"), reason="only Linux lets a program hasten acknowledgements")
def test_answer_is_not_held_back_behind_session_tickets(server: ssl.SSLContext, trust: ssl.SSLContext) -> None:
    """As Postfix, this server lets Nagle's algorithm hold it until the tickets are acknowledged: 40 ms each time."""
    assert min(_seconds_to_the_first_answer(server, trust) for _ in range(5)) < 0.03


def _seconds_to_the_first_answer(server: ssl.SSLContext, trust: ssl.SSLContext) -> float:
    with _in_tls_with(_answer_behind_tickets, server, trust) as stream:
        began = time.monotonic()
        stream.write(b"EHLO me\r\n", Deadline(5))
        assert stream.read(Deadline(5)) == b"250 hi\r\n"
        return time.monotonic() - began


def _answer_behind_tickets(sock: socket.socket, context: ssl.SSLContext) -> None:
    with sock:
        tls, sent = _by_hand(sock, context)
        sock.sendall(sent.read())
        tls.write(b"250 hi\r\n")
        sock.sendall(sent.read())
        sock.recv(65536)


def test_drip_inside_tls_ends_by_the_deadline(server: ssl.SSLContext, trust: ssl.SSLContext) -> None:
    script = Script.parse(
        "S: 220 hi\nC: STARTTLS\nS: 220 go\ntls\nC: NOOP\ndrip 0.05\nS: 250 this takes more than half a second"
    )
    with playing(script, context=server, ssl_context=trust) as (client, _):
        client.connect()
        client.starttls()
        began = time.monotonic()
        with pytest.raises(SmtpTimeout):
            client.noop()
        assert time.monotonic() - began < 1


def test_refusal_inside_tls_during_the_upload_is_the_answer(server: ssl.SSLContext, trust: ssl.SSLContext) -> None:
    script = Script.parse("S: 220 hi\nC: STARTTLS\nS: 220 go\ntls\nC: DATA\nS: 354 go\nhear 1000\nS: 552 too big\ndeaf")
    with playing(script, context=server, ssl_context=trust, appetite=4_096, timeout=5) as (client, _):
        client.connect()
        client.starttls()
        client.data()
        began = time.monotonic()
        assert client.data_body(b"x" * 20_000_000).code == 552
        assert time.monotonic() - began < 3


def test_closing_says_close_notify(server: ssl.SSLContext, trust: ssl.SSLContext) -> None:
    heard: list[bytes | str] = []

    def serve(listener: socket.socket) -> None:
        sock, _ = listener.accept()
        with server.wrap_socket(sock, server_side=True, suppress_ragged_eofs=False) as tls:
            tls.sendall(b"220 hi\r\n")
            try:
                heard.append(tls.recv(100))
            except ssl.SSLEOFError:
                heard.append("cut off")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        client = SmtpClient("127.0.0.1", listener.getsockname()[1], implicit_tls=True, ssl_context=trust, timeout=5)
        client.connect()
        client.disconnect()
        thread.join(5)
    assert heard == [b""]

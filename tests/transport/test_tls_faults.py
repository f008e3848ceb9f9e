"""TLS that does not come about: what happened and what to try, in our words, on real handshakes."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from scripted import playing

from smtpnb import Sandbox, SmtpClient, SmtpError, SmtpTimeout, SmtpTlsError
from smtpnb.transport import tls_faults

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("certificate", "words"),
    [("expired", "has expired"), ("wrong-name", "for another"), ("unknown-ca", "unknown issuer")],
)
@pytest.mark.parametrize("implicit", [False, True])
def test_bad_certificate_is_named(certificate: str, words: str, implicit: bool) -> None:
    with Sandbox(certificate=certificate, implicit_tls=implicit) as sandbox:
        client = sandbox.client(timeout=5)
        with pytest.raises(SmtpTlsError, match=words) as caught:
            client.connect()
            client.ehlo()
            client.starttls()
        assert caught.value.cause
        assert caught.value.advice
        assert not client.secure
        assert not client.connected


def test_chain_of_two_levels_is_verified() -> None:
    with Sandbox(certificate="two-level") as sandbox, sandbox.client() as client:
        client.ehlo()
        assert client.starttls().code == 220
        assert client.tls_info is not None
        assert client.tls_info.verified
        assert len(client.tls_info.chain) == 2
        assert repr(client.tls_info.chain[1])


def test_tls_spoken_to_a_plain_port_is_explained() -> None:
    with Sandbox() as sandbox:
        client = SmtpClient(sandbox.host, sandbox.port, implicit_tls=True, timeout=5)
        with pytest.raises(SmtpTlsError, match="WRONG_VERSION_NUMBER") as caught:
            client.connect()
        assert "STARTTLS" in caught.value.to_text()


def test_plain_text_spoken_to_a_tls_port_is_explained() -> None:
    with Sandbox(implicit_tls=True) as sandbox:
        client = SmtpClient(sandbox.host, sandbox.port, timeout=0.4)
        with pytest.raises(SmtpTimeout) as caught:
            client.connect()
        assert "implicit_tls=True" in caught.value.to_text()


def test_ipython_shows_a_short_card() -> None:
    with Sandbox() as sandbox:
        port = sandbox.port
    with pytest.raises(SmtpError) as caught:
        SmtpClient("127.0.0.1", port, timeout=2).connect()
    card = caught.value._render_traceback_()
    assert 3 <= len(card) <= 6
    assert any("Likely cause" in line for line in card)
    assert any("Try" in line for line in card)
    assert caught.value._repr_html_()


def test_handshake_with_a_server_that_speaks_only_old_tls_is_explained() -> None:
    # The alert that OpenSSL sends for a version it does not speak: fatal, protocol_version (RFC 8446 §6.2).
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse() -> None:
            sock, _ = listener.accept()
            with sock:
                sock.recv(4_096)
                sock.sendall(bytes.fromhex("15030100020246"))

        thread = threading.Thread(target=refuse)
        thread.start()
        client = SmtpClient("127.0.0.1", listener.getsockname()[1], implicit_tls=True, timeout=5)
        with pytest.raises(SmtpTlsError, match="version"):
            client.connect()
        thread.join(5)


# -- what only a strict check finds, the usual one since Python 3.13 -----------------------------------------------

_CRITICAL = ("basic", "usage")


@dataclass(frozen=True)
class Pair:
    """A CA and a server on localhost, each with its extensions but some, and with some marked as they must not be.

    Attributes:
        ca_lacks: `basic`, `usage`, `own` (its key's identifier).
        server_lacks: `issuer` (its issuer's key's identifier).
        turned: extensions that are critical and should not be, or the other way round.
        server_signs: whether the server's key may sign certificates.
        nameless: whether the server's certificate has no subject.
    """

    ca_lacks: tuple[str, ...] = ()
    server_lacks: tuple[str, ...] = ()
    turned: tuple[str, ...] = ()
    server_signs: bool = False
    nameless: bool = False

    def made(self, directory: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
        """The server's settings, and those of a client that trusts the CA and checks strictly."""
        ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        ca_name, name = _name("a home-made CA"), x509.Name([]) if self.nameless else _name("localhost")
        own = x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key())
        of_issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
        basic = x509.BasicConstraints(ca=True, path_length=None)
        ca_has: dict[str, x509.ExtensionType] = {"basic": basic, "usage": _usage(signs=True), "own": own}
        server_has: dict[str, x509.ExtensionType] = {
            "issuer": of_issuer,
            "names": x509.SubjectAlternativeName([x509.DNSName("localhost")]),
        }
        if self.server_signs:
            server_has |= {"basic": x509.BasicConstraints(ca=False, path_length=None), "usage": _usage(signs=True)}
        ca_has = {name: extension for name, extension in ca_has.items() if name not in self.ca_lacks}
        server_has = {name: extension for name, extension in server_has.items() if name not in self.server_lacks}
        ca = self._signed((ca_name, ca_name), ca_key, ca_key, ca_has)
        server = self._signed((name, ca_name), key, ca_key, server_has)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (directory / "server.pem").write_bytes(private + server)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(directory / "server.pem")
        trust = ssl.create_default_context(cadata=ca.decode())
        trust.verify_flags |= ssl.VERIFY_X509_STRICT
        return context, trust

    def _signed(
        self,
        names: tuple[x509.Name, x509.Name],
        key: ec.EllipticCurvePrivateKey,
        issuers_key: ec.EllipticCurvePrivateKey,
        extensions: dict[str, x509.ExtensionType],
    ) -> bytes:
        now = dt.datetime.now(dt.UTC)
        builder = (
            x509.CertificateBuilder().subject_name(names[0]).issuer_name(names[1]).public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
        )  # fmt: skip
        for name, extension in extensions.items():
            builder = builder.add_extension(extension, critical=(name in _CRITICAL) != (name in self.turned))
        return builder.sign(issuers_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(True, False, False, False, False, signs, False, False, False)


FAULTS = {
    "no authority key identifier": (Pair(server_lacks=("issuer",)), "does not tell its issuer's key", "authorityKeyIdentifier"),
    "no subject key identifier": (Pair(ca_lacks=("own",)), "a CA that does not tell its key", "subjectKeyIdentifier"),
    "no key usage": (Pair(ca_lacks=("usage",)), "does not say what its key is for", "keyCertSign"),
    "basic constraints not critical": (Pair(turned=("basic",)), "not critically marked as one", "critical basicConstraints"),
    "server that signs": (Pair(server_signs=True), "may sign certificates and is no CA's", "digitalSignature alone"),
    "no subject": (Pair(nameless=True), "has no subject", "a critical subjectAltName"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_what_only_a_strict_check_finds_is_named_and_advised(fault: str, tmp_path: Path) -> None:
    pair, what, repair = FAULTS[fault]
    server, trust = pair.made(tmp_path)
    with playing("starttls-bare", context=server, ssl_context=trust, host="localhost") as (client, _):
        client.connect()
        with pytest.raises(SmtpTlsError, match=f"^the certificate of localhost .*{what}") as caught:
            client.starttls()
    assert "since Python 3.13" in caught.value.cause
    assert repair in caught.value.advice[0]
    assert "VERIFY_X509_STRICT" in caught.value.advice[1]
    assert "X.509 error" not in caught.value.to_text()


@pytest.mark.parametrize("fault", FAULTS)
def test_advice_of_a_strict_check_works(fault: str, tmp_path: Path) -> None:
    server, context = FAULTS[fault][0].made(tmp_path)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    with playing("starttls-bare", context=server, host="localhost") as (client, _):
        client.connect()
        assert client.starttls(context=context).code == 220


@pytest.mark.parametrize("turned", ["issuer", "own"])
def test_critical_extension_that_is_not_understood_is_named(turned: str, tmp_path: Path) -> None:
    server, trust = Pair(turned=(turned,)).made(tmp_path)
    with playing("starttls-bare", context=server, ssl_context=trust, host="localhost") as (client, _):
        client.connect()
        with pytest.raises(SmtpTlsError, match="an extension that is critical and is not understood"):
            client.starttls()


def test_pair_without_a_fault_passes_the_strict_check(tmp_path: Path) -> None:
    server, trust = Pair().made(tmp_path)
    with playing("starttls-bare", context=server, ssl_context=trust, host="localhost") as (client, _):
        client.connect()
        assert client.starttls().code == 220


def test_every_rule_of_the_strict_check_has_words_of_its_own() -> None:
    # OpenSSL's numbers of the checks that X509_V_FLAG_X509_STRICT switches on (x509_vfy.h, check_extensions).
    told = {code: tls_faults._told(code) for code in range(80, 94)}
    assert len({what for what, _, _ in told.values()}) == len(told)
    assert all("§4." in what and "X.509 error" not in what for what, _, _ in told.values())


def test_fault_without_words_is_told_by_its_number() -> None:
    assert tls_faults._told(53)[0] == "was not accepted (X.509 error 53)"

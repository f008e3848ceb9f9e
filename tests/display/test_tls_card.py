"""The TLS card: what was agreed, and whether the peer is who it says."""

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate
from html_checks import check, text_of
from view_examples import UNVERIFIED

from smtpnb import display
from smtpnb.session import Certificate, TlsInfo


def der(pem: bytes) -> Certificate:
    return Certificate(load_pem_x509_certificate(pem).public_bytes(Encoding.DER))


@pytest.fixture(scope="module")
def chain() -> tuple[Certificate, ...]:
    authority = trustme.CA(organization_name="An authority", organization_unit_name="of the test")
    issued = authority.issue_cert("mail.example.org", "192.0.2.1", organization_name="A server")
    return der(issued.cert_chain_pems[0].bytes()), der(authority.cert_pem.bytes())


def test_names_validity_and_chain_are_shown(chain: tuple[Certificate, ...]) -> None:
    info = TlsInfo("TLSv1.3", "TLS_AES_256_GCM_SHA384", 256, verified=True, server_name="mail.example.org", chain=chain)
    html = display.html(info) or ""
    check(html)
    text = text_of(html)
    for words in ("✔ TLS:", "verified for mail.example.org", "mail.example.org, 192.0.2.1", "2 certificates"):
        assert words in text
    for words in ("The server's own:", "Signed it, step 1:", "An authority", "Valid:2000-01-01 to "):
        assert words in text


def test_no_fingerprint_is_shown_as_it_differs_each_time(chain: tuple[Certificate, ...]) -> None:
    html = display.html(TlsInfo("TLSv1.3", "x", 256, verified=True, server_name="a", chain=chain)) or ""
    assert chain[0].fingerprint not in html


def test_an_unverified_peer_is_warned_of_and_a_broken_certificate_is_no_error() -> None:
    text = text_of(display.html(UNVERIFIED) or "")
    for words in ("✖ TLS:", "NOT verified", "Do not send a password here", "Cannot be read:14 octets"):
        assert words in text

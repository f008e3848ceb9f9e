"""A certificate judged after the handshake, apart from it: dates, key, name, and the way to a trusted authority.

Import this module late: it brings in `cryptography`. It opens no connection and knows no SMTP. What OpenSSL would have
said in the handshake is not asked for: one connection is all a probe makes, and one that verifies ends at the first
fault, while each of these is to be told by itself.
"""

import contextlib
import datetime as dt
import ipaddress
import re
import ssl
import warnings
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from smtpnb.session import Certificate

#: Days before its end when a certificate deserves a word.
SOON: Final = 14

_PEM: Final = re.compile(r"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----")

#: Certificates of a chain that are looked at; a server may send thousands.
_DEPTH: Final = 10

_OLD_HASHES: Final = ("md5", "sha1")


def date_faults(certificate: Certificate, at: dt.datetime) -> tuple[str, str]:
    """("fail" or "warn" or "pass", why) for the dates of a certificate at a moment."""
    begin, end = certificate.not_before, certificate.not_after
    if at < begin:
        return "fail", f"not valid before {begin:%Y-%m-%d}"
    if at > end:
        return "fail", f"expired on {end:%Y-%m-%d}"
    days = (end - at).days
    return ("warn" if days <= SOON else "pass"), f"valid to {end:%Y-%m-%d}" + (f", {days} days" if days <= SOON else "")


def key_fault(certificate: Certificate) -> str:
    """What is wrong with key or signature; empty where nothing is (RFC 9325 §4.2, §4.5)."""
    key = certificate.parsed.public_key()
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < 2048:
        return f"an RSA key of {key.key_size} bits"
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.key_size < 256:
        return f"an EC key of {key.curve.key_size} bits"
    if isinstance(key, dsa.DSAPublicKey):
        return "a DSA key"
    algorithm = certificate.parsed.signature_hash_algorithm
    return f"signed with {algorithm.name.upper()}" if algorithm and algorithm.name in _OLD_HASHES else ""


def names_host(certificate: Certificate, host: str) -> bool:
    """Whether the certificate is for `host`, a name or an address (RFC 9525 §6)."""
    try:
        names = certificate.parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return False  # the subject's common name no longer counts: RFC 9525 §6.3
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        wanted = host.removesuffix(".").lower()
        return any(_matches(name.lower(), wanted) for name in names.get_values_for_type(x509.DNSName))
    return address in names.get_values_for_type(x509.IPAddress)


def _matches(name: str, host: str) -> bool:
    """A star stands for one whole label, the leftmost (RFC 9525 §6.3)."""
    if name.startswith("*."):
        first, _, rest = host.partition(".")
        return bool(first) and "." in rest and name[2:] == rest
    return name == host


def chain_fault(chain: Sequence[Certificate], at: dt.datetime, authorities: str | None = None) -> str:
    """Why the chain does not lead to a trusted authority; empty where it does.

    Held against RFC 5280 §6.1: each certificate signed by the next, which is an authority in date and may have that
    many below it. Not `cryptography.x509.verification`, whose rules for the web refuse chains that mail servers have
    and OpenSSL takes. Revocation and name constraints are not looked at; the dates of the server's own certificate and
    its names are judged apart.

    Args:
        chain: what the server sent, its own certificate first.
        at: when it was sent.
        authorities: certificates to trust in place of the system's, as PEM.
    """
    trusted = _trusted(authorities)
    if not trusted:
        return "unknown: this machine has no list of trusted authorities"
    leaf = chain[0].parsed
    if not _for_servers(leaf):
        return "it is not meant for a server"
    sent = []
    for certificate in chain[1:_DEPTH]:
        with contextlib.suppress(ValueError):  # a server may send anything
            sent.append(certificate.parsed)
    return "" if _leads_to(trusted, leaf, sent, at) else _why(leaf, sent=len(chain))


def _leads_to(
    trusted: Mapping[bytes, Sequence[x509.Certificate]],
    leaf: x509.Certificate,
    sent: Sequence[x509.Certificate],
    at: dt.datetime,
) -> bool:
    current = leaf
    for below in range(_DEPTH):
        if current in trusted.get(current.subject.public_bytes(), ()):
            return True
        anchors = trusted.get(current.issuer.public_bytes(), ())
        if any(_issued(current, anchor, below, at) for anchor in anchors):
            return True
        issuer = next((each for each in sent if each != current and _issued(current, each, below, at)), None)
        if issuer is None:
            return False
        current = issuer
    return False


def _issued(certificate: x509.Certificate, issuer: x509.Certificate, below: int, at: dt.datetime) -> bool:
    """Whether `issuer` is an authority in date that signed the certificate and may have `below` others between."""
    try:
        certificate.verify_directly_issued_by(issuer)
        constraints = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound, UnsupportedAlgorithm):
        return False
    enough = constraints.path_length is None or constraints.path_length >= below
    return constraints.ca and enough and issuer.not_valid_before_utc <= at <= issuer.not_valid_after_utc


def _for_servers(leaf: x509.Certificate) -> bool:
    try:
        purposes = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return bool({ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE} & set(purposes))


def _why(leaf: x509.Certificate, sent: int) -> str:
    if leaf.issuer == leaf.subject:
        return "it is signed by itself"
    missing = "; no intermediate certificate was sent" if sent == 1 else ""
    return f"it does not lead to an authority trusted here{missing}"


@lru_cache(maxsize=8)
def _trusted(authorities: str | None) -> Mapping[bytes, Sequence[x509.Certificate]]:
    """Subject → the authorities of that name."""
    found: dict[bytes, list[x509.Certificate]] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # old roots that break today's rules are the system's business
        for der in _authorities(authorities):
            with contextlib.suppress(ValueError):
                authority = x509.load_der_x509_certificate(der)
                found.setdefault(authority.subject.public_bytes(), []).append(authority)
    return found


def _authorities(pem: str | None) -> list[bytes]:
    if pem is not None:  # not by OpenSSL, which would leave out a certificate that is trusted and no authority
        return [ssl.PEM_cert_to_DER_cert(block) for block in _PEM.findall(pem)]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_default_certs()
    # A folder of hashed names is read as needed, so its certificates are not in the list.
    folder = ssl.get_default_verify_paths().capath
    if not context.cert_store_stats()["x509_ca"] and folder:
        for file in sorted(Path(folder).glob("*.0")):
            with contextlib.suppress(ssl.SSLError, OSError):
                context.load_verify_locations(str(file))
    return context.get_ca_certs(binary_form=True)

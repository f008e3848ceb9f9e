"""A certificate judged after the handshake, apart from it: dates, key, name, and the way to a trusted authority.

Import this module late: it brings in `cryptography`. It opens no connection and knows no SMTP. What OpenSSL would have
said in the handshake is not asked for: one connection is all a probe makes, and one that verifies ends at the first
fault, while each of these is to be told by itself.
"""

import contextlib
import datetime as dt
import ipaddress
import ssl
import warnings
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from smtpnb.session import Certificate

#: Days before its end when a certificate deserves a word.
SOON: Final = 14

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


def chain_fault(chain: Sequence[Certificate], at: dt.datetime, ca_file: str | None = None) -> str:
    """Why the chain does not lead to a trusted authority; empty where it does.

    Dates and name are judged elsewhere, so the moment is moved into the certificate's validity, and the name is one
    of its own.

    Args:
        chain: what the server sent, its own certificate first.
        at: when it was sent.
        ca_file: authorities to trust in place of the system's, in PEM.
    """
    leaf = chain[0].parsed
    moment = min(max(at, leaf.not_valid_before_utc), leaf.not_valid_after_utc).replace(tzinfo=None)
    subject = _a_name_of(leaf)
    if subject is None:
        return "it names no host at all"
    store = _store(ca_file)
    if store is None:
        return "unknown: this machine has no list of trusted authorities"
    verifier = PolicyBuilder().store(store).time(moment).build_server_verifier(subject)
    others = []
    for certificate in chain[1:10]:
        with contextlib.suppress(ValueError):  # a server may send anything
            others.append(certificate.parsed)
    try:
        verifier.verify(leaf, others)
    except VerificationError:
        return _why(leaf, sent=len(chain))
    return ""


def _why(leaf: x509.Certificate, sent: int) -> str:
    if leaf.issuer == leaf.subject:
        return "it is signed by itself"
    missing = "; no intermediate certificate was sent" if sent == 1 else ""
    return f"it does not lead to an authority trusted here{missing}"


def _a_name_of(leaf: x509.Certificate) -> x509.DNSName | x509.IPAddress | None:
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return None
    for name in names.get_values_for_type(x509.DNSName):
        return x509.DNSName(name.replace("*", "any", 1))
    return next((x509.IPAddress(address) for address in names.get_values_for_type(x509.IPAddress)), None)


@lru_cache(maxsize=8)
def _store(ca_file: str | None) -> Store | None:
    found: list[x509.Certificate] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # old roots that break today's rules are the system's business
        for der in _authorities(ca_file):
            with contextlib.suppress(ValueError):
                found.append(x509.load_der_x509_certificate(der))
    return Store(found) if found else None


def _authorities(ca_file: str | None) -> list[bytes]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca_file is not None:
        context.load_verify_locations(ca_file)
        return context.get_ca_certs(binary_form=True)
    context.load_default_certs()
    # A folder of hashed names is read as needed, so its certificates are not in the list.
    folder = ssl.get_default_verify_paths().capath
    if not context.cert_store_stats()["x509_ca"] and folder:
        for file in sorted(Path(folder).glob("*.0")):
            with contextlib.suppress(ssl.SSLError, OSError):
                context.load_verify_locations(str(file))
    return context.get_ca_certs(binary_form=True)

"""TLSA records held against a chain (RFC 6698 §2.1, RFC 7672 §3.1). DNSSEC is not validated here.

Import this module late: it brings in `cryptography`.
"""

import hashlib
import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from smtpnb.session import Certificate

_RECORD: Final = re.compile(r"([0-3]) ([01]) ([0-2]) ([0-9a-fA-F ]{2,8192})")


class Tlsa(NamedTuple):
    """One record.

    Attributes:
        usage: 2 an authority of the server's own (DANE-TA), 3 this very certificate or key (DANE-EE).
        selector: 0 the certificate, 1 its public key.
        matching: 0 all of it, 1 its SHA-256, 2 its SHA-512.
        data: what it has to be.
    """

    usage: int
    selector: int
    matching: int
    data: bytes


def parsed(text: str) -> Tlsa | None:
    """The record, or None where SMTP cannot use it: usages 0 and 1 do not count (RFC 7672 §3.1.3)."""
    match = _RECORD.fullmatch(text)
    if match is None or match[1] in "01":
        return None
    try:
        return Tlsa(int(match[1]), int(match[2]), int(match[3]), bytes.fromhex(match[4]))
    except ValueError:
        return None


def matches(record: Tlsa, chain: Sequence[Certificate]) -> bool:
    """Whether the record stands for a certificate of the chain: the server's own for usage 3, else one above it."""
    candidates = chain[:1] if record.usage == 3 else chain[1:]
    return any(_matched(record, certificate) for certificate in candidates)


def _matched(record: Tlsa, certificate: Certificate) -> bool:
    if record.selector == 0:
        octets = certificate.der
    else:
        octets = certificate.parsed.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if record.matching:
        octets = (hashlib.sha256 if record.matching == 1 else hashlib.sha512)(octets).digest()
    return octets == record.data

"""The card of a TLS handshake: version, cipher, whether the certificate was checked, and the chain.

Fingerprints and serial numbers are left to `TlsInfo.certificate`: a throw-away certificate has others each time, and
the same cell should give the same output.
"""

from collections.abc import Iterator
from typing import Final

from smtpnb.display import kit
from smtpnb.session import Certificate, TlsInfo
from smtpnb.text import plural

#: Certificates and names shown; a peer may send thousands.
_CHAIN: Final = 10
_NAMES: Final = 50


def tls_card(info: TlsInfo) -> kit.Element:
    """What the handshake agreed on, as a card."""
    tone = kit.GOOD if info.verified else kit.BAD
    return kit.card(
        tone,
        kit.heading(kit.glyph(tone), " ", kit.title("TLS:"), " ", kit.prose(info.assurance), "."),
        kit.facts(tls_facts(info)),
        kit.note(tone, "Next", () if info.verified else _ADVICE),
        kit.folded(f"The chain: {plural(len(info.chain), 'certificate')}", list(_chain(info))) if info.chain else None,
    )


_ADVICE: Final = (
    "Do not send a password here, unless you know for certain who is at the other end.",
    "Start TLS again with verification on, to learn what is wrong with the certificate.",
)


def tls_facts(info: TlsInfo) -> Iterator[tuple[kit.Node, kit.Node]]:
    """The rows that name what was agreed."""
    yield "Version:", kit.said(info.version)
    yield "Cipher:", [kit.said(info.cipher), f" ({info.bits} bits)"]
    yield "Checked:", kit.prose(info.checked)
    yield "Asked for:", kit.said(info.server_name)
    if info.certificate:
        yield "Certificate for:", _names(info.certificate)


def _chain(info: TlsInfo) -> Iterator[kit.Element]:
    for position, certificate in enumerate(info.chain[:_CHAIN]):
        role = "The server's own:" if not position else f"Signed it, step {position}:"
        yield kit.section(kit.strong(role), kit.facts(_certificate_facts(certificate)))
    if len(info.chain) > _CHAIN:
        yield kit.section(kit.muted(f"… {plural(len(info.chain) - _CHAIN, 'more certificate')}"))


def _certificate_facts(certificate: Certificate) -> Iterator[tuple[kit.Node, kit.Node]]:
    try:
        subject, issuer, key = certificate.subject, certificate.issuer, certificate.key
        begin, end = certificate.not_before, certificate.not_after
    except ValueError:  # a server may send anything for a certificate
        yield "Cannot be read:", f"{len(certificate.der):,} octets"
        return
    yield "Subject:", kit.said(subject)
    yield "Names:", _names(certificate)
    yield "Issuer:", kit.said(issuer)
    yield "Valid:", f"{begin:%Y-%m-%d} to {end:%Y-%m-%d} (UTC)"
    yield "Key:", kit.said(key)


def _names(certificate: Certificate) -> kit.Node:
    try:
        names = certificate.names or (certificate.subject,)
    except ValueError:
        return "a certificate that cannot be read"
    more = [f"{len(names) - _NAMES:,} more"] if len(names) > _NAMES else []
    return kit.joined([*(kit.said(name, 300) for name in names[:_NAMES]), *more], ", ")
